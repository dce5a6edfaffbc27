"""The table of keys, its page in docs, and the keys that a full history really leaves behind."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from signaling.identity_types import Identity
from tests.oracle.compare import Dump
from tests.oracle.world import KINDS, World, play
from video_service.cipher import SEALED_START
from video_service.keys import KEYS, OTHER_KEYS, spec_of
from video_service.media_plane import LegState

pytestmark = pytest.mark.integration

PAGE = Path(__file__).resolve().parents[2] / "docs" / "keys.md"

NOT_LEFT_BEHIND = {"held", "wakes", "node"}
"""A channel is no key."""

NEVER_EXPIRE = {spec.stem for spec in KEYS if spec.ttl == "none" or spec.ttl.startswith("trimmed")}


async def somebody_is_left(world: World) -> None:
    """A customer leaves an agent for another one; the first one writes down what it was about."""
    store, now_ms = world.stores[0], world.clock.now_ms
    await store.connect(Identity(person="x5", role="customer"), node="n", socket="s")
    for name in ("a5", "a6"):
        agent = Identity(person=name, role="agent", skills=("fsl",))
        await store.connect(agent, node="n", socket="s")
        await store.add_shift(name, now_ms, now_ms + 3_600_000)
        await store.sign_in(agent)
        await store.leg_offered(name, leg="l0", worker="w")
        await store.ready(name)
        if name == "a5":
            call = await store.join("x5", queue="main", needs=("fsl",), urgent=False, reason="", locale="")
            await store.accept("a5", call, (await store.customer_view("x5", alive=())).epoch)
            await store.ask_break("a5")
    await store.another_signer("x5", call, (await store.customer_view("x5", alive=())).epoch)
    await store.disposition("a5", call, outcome="follow_up", note="the matter of the parcel", due_in_h=2)


async def somebody_is_called_back(world: World) -> None:
    """A customer asks after a promise, and its owner calls the customer back."""
    store, now_ms = world.stores[0], world.clock.now_ms
    await store.connect(Identity(person="x6", role="customer"), node="n", socket="s")
    agent = Identity(person="a8", role="agent", skills=("lsf",))
    await store.connect(agent, node="n", socket="s")
    await store.add_shift("a8", now_ms, now_ms + 3_600_000)
    await store.sign_in(agent)
    await store.leg_offered("a8", leg="l0", worker="w")
    await store.ready("a8")
    call = await store.join("x6", queue="main", needs=("lsf",), urgent=False, reason="", locale="")
    await store.accept("a8", call, (await store.customer_view("x6", alive=())).epoch)
    await store.hang_up("x6", call)
    await store.disposition("a8", call, outcome="follow_up", note="", due_in_h=2)
    await store.urge("x6", call)
    await store.call_back("a8", call, link="d" * 64, sealed=store.cipher.seal("x6"))


async def full_history(redis: Redis, pool: str) -> Dump:
    """Everything that can happen, has: a town's history, tokens used and not, a call with legs and text."""
    dice = random.Random(3)
    world = World(redis, redis, pool)
    await world.open()
    await play(world, [(dice.choice(KINDS), dice.randrange(100), dice.randrange(100)) for _ in range(1_500)], 1)
    store = world.stores[0]
    for call in list(world.oracle.open_calls())[:4]:  # so that the line has room for those who come now
        await store.hang_up(call.customer, call.id)
    agent = Identity(person="a9", role="agent", skills=("csl",))
    for issue in (store.issue_ticket, store.issue_resume):
        await issue(agent)
    ticket = await store.issue_ticket(agent)
    await store.redeem_ticket(ticket)
    with pytest.raises(Exception, match="token"):
        await store.redeem_ticket(ticket)
    await store.connect(agent, node="n", socket="s")
    await store.add_shift("a9", world.clock.now_ms, world.clock.now_ms + 3_600_000)
    await store.sign_in(agent)
    await store.leg_offered("a9", leg="l0", worker="w")
    await store.choose_background("a9", kind="colour", strength=2, colour="#3b4a54", brighten=True)
    await store.ready("a9")
    for customer in ("x1", "x2", "x3"):
        await store.connect(Identity(person=customer, role="customer"), node="n", socket="s")
        if customer != "x3":  # who joins later
            await store.join(customer, queue="main", needs=("csl",), urgent=False, reason="", locale="")
    await store.tidy(line_open=True)
    view = await store.agent_view("a9", alive=())
    if view.reservation is not None:
        await store.decline("a9", view.reservation.call, view.reservation.epoch)
    view = await store.agent_view("a9", alive=())
    if view.reservation is not None:
        await store.accept("a9", view.reservation.call, view.reservation.epoch)
        await store.leg_offered("a9", leg="l", worker="w")
        await store.leg_event("a9", leg="l", state=LegState.CONNECTED)
        await store.say("a9", view.reservation.call, "hello")
        await store.connect(Identity(person="o9", role="coordinator"), node="n", socket="s")
        await store.watch("o9", view.reservation.call, how="coach")
        await store.coach("o9", view.reservation.call, "slowly")
        await store.may_share("a9", view.reservation.call, "p" * 16)
        await store.share("a9", view.reservation.call, "p" * 16, b"a photo")
    alone = Identity(person="a7", role="agent", skills=("bsl",))
    await store.connect(alone, node="n", socket="s")
    await store.add_shift("a7", world.clock.now_ms, world.clock.now_ms + 3_600_000)
    await store.sign_in(alone)
    await store.join("x3", queue="main", needs=("bsl",), urgent=False, reason="", locale="")
    await store.sign_out("a7")
    for number in range(world.policy.waiting_limit + 1):  # one more than calls may wait
        free = Identity(person=f"free{number}", role="agent", skills=("idle",))
        await store.connect(free, node="n", socket="s")
        await store.add_shift(free.person, world.clock.now_ms, world.clock.now_ms + 3_600_000)
        await store.sign_in(free)
        await store.leg_offered(free.person, leg="l0", worker="w")
        await store.ready(free.person)
    await somebody_is_left(world)
    await somebody_is_called_back(world)
    await store.look_at_nodes("n")
    return await Dump(pool).read(redis)


async def test_every_key_is_in_the_table_and_every_line_of_the_table_is_used(redis: Redis, pool: str) -> None:
    dump = await full_history(redis, pool)
    found = {name: spec_of(name, pool) for name in dump.types}
    assert [name for name, spec in found.items() if spec is None] == []
    assert {name: dump.types[name] for name in found} == {name: spec.type for name, spec in found.items() if spec}
    assert {spec.stem for spec in found.values() if spec} == {spec.stem for spec in KEYS} - NOT_LEFT_BEHIND


async def test_what_should_pass_does_pass(redis: Redis, pool: str) -> None:
    dump = await full_history(redis, pool)
    for name in dump.types:
        spec = spec_of(name, pool)
        assert spec is not None
        expires = await redis.pttl(name) > 0
        if spec.stem in NEVER_EXPIRE:
            assert not expires, name
        elif spec.stem == "person":
            assert expires == (dump.values[name]["present"] == "0"), name
        elif spec.stem == "agent":
            assert expires == (dump.values[name]["state"] == "offline"), name
        elif spec.stem in ("call", "record"):
            assert expires == bool(dump.values[name]["ended_reason"]), name
        elif spec.stem not in ("declined", "left"):
            assert expires, name


async def test_every_hash_has_a_schema_version(redis: Redis, pool: str) -> None:
    dump = await full_history(redis, pool)
    for name, value in dump.values.items():
        if dump.types[name] == "hash" and spec_of(name, pool) not in (
            spec_of(f"{dump.root}{stem}", pool) for stem in ("metrics", "agent_states", "nodes")
        ):
            assert value.get("v") == "1", name
    given_ms, _, identity = dump.of("ticket").popitem()[1].partition(":")
    assert given_ms.isdigit()
    assert identity.startswith(SEALED_START), "its version is inside"
    assert '"v":1' in dump.of("texts").popitem()[1][0]


async def test_what_people_are_called_and_write_is_sealed(redis: Redis, pool: str) -> None:
    dump = await full_history(redis, pool)
    line, photo = map(msgspec.json.decode, dump.of("texts").popitem()[1])
    assert line["text"].startswith(SEALED_START)
    assert photo["text"] == ""
    assert msgspec.json.decode(dump.of("coach").popitem()[1][0])["text"].startswith(SEALED_START)
    assert dump.of("photos").popitem()[1][photo["photo"]].startswith(SEALED_START)
    assert all(row["name"] == "" or row["name"].startswith(SEALED_START) for row in dump.of("person").values())
    for row in dump.of("call").values():
        for field in ("note", "context"):
            assert row[field] == "" or row[field].startswith(SEALED_START)


async def test_no_name_or_text_is_on_record(redis: Redis, pool: str) -> None:
    dump = await full_history(redis, pool)
    for record in dump.of("record").values():
        assert not {"name", "note", "text", "texts"} & set(record)


def test_the_page_for_readers_is_the_table() -> None:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert lines == [
        f"| `{{pool}}:{spec.name}` | {spec.type} | {spec.ttl} | {spec.writer} | {spec.holds} |"
        for spec in (*KEYS, *OTHER_KEYS)
    ]
