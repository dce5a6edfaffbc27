"""What went wrong in other services, each by name: here is its test, or which tests it has elsewhere."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from redis.asyncio import Redis

from signaling.errors import NoCall, SignalingError
from tests.named import missing
from tests.oracle.compare import Dump, sound
from tests.support.desk import Desk

pytestmark = pytest.mark.integration

MATCHING, HUB = "integration/test_matching_rules.py", "integration/hub/test_calls.py"
HERE = "integration/test_went_wrong_elsewhere.py"
MISSED = "test_a_ring_that_is_missed_goes_to_another_and_three_set_the_agent_away"
OUTSIDE = "test_outside_of_the_hours_nobody_new_comes_in_and_who_is_here_stays"
ELSEWHERE = {
    "caller stuck in the queue when agents do not answer": (
        (MATCHING, MISSED),
        (MATCHING, "test_a_call_that_nobody_can_take_any_more_is_closed_in_time"),
    ),
    "next caller hears or sees another call": (
        ("integration/test_media_engine.py", "test_two_calls_see_nothing_of_each_other"),
        ("integration/test_media_engine.py", "test_parting_is_at_once_and_the_agents_leg_lives_on"),
        (HUB, "test_two_calls_do_not_see_each_other"),
        (HERE, "test_the_next_customer_of_an_agent_reads_nothing_of_the_one_before"),
    ),
    "frozen or blank picture at start": (
        ("integration/test_blur_network.py", "test_the_live_stage_shows_the_signer_from_the_first_picture_on"),
        ("unit/test_blur_stage.py", "test_without_the_right_weights_it_sends_the_slate_from_the_first_picture_on"),
        ("browser/test_call.py", "test_a_customer_and_an_agent_meet"),
    ),
    "calls accepted when closed": (
        ("integration/test_http_hours.py", OUTSIDE),
        ("integration/hub/test_refusals.py", "test_messages_valid_in_another_state_are_refused_by_name"),
    ),
    "endless wrap-up": (("integration/test_matching_shifts.py", "test_after_call_work_ends_by_itself"),),
    "one party's hang-up ends everybody's call": (
        ("integration/hub/test_invite.py", "test_a_second_agent_is_seated_and_parted_without_the_others"),
        (HERE, "test_hanging_up_ends_the_own_call_alone"),
        ("integration/test_store_calls.py", "test_nobody_hangs_up_a_call_of_others"),
    ),
    "transfer race": (
        ("integration/test_transfer.py", "test_of_two_at_the_same_time_each_order_ends_well"),
        ("integration/test_transfer.py", "test_what_comes_late_or_from_elsewhere_is_refused"),
        ("integration/test_transfer.py", "test_it_comes_back_when_nobody_else_takes_it_and_then_without_the_own_words"),
        (HERE, "test_a_call_that_moves_while_both_hang_up_has_one_end"),
    ),
    "message cut off or empty": (
        (HERE, "test_a_line_arrives_whole_or_not_at_all"),
        ("integration/test_left_messages.py", "test_text_is_kept_as_it_was_meant"),
        ("integration/test_left_messages.py", "test_nothing_is_no_message"),
    ),
    "transcripts in the log": (
        ("integration/test_whole_call.py", "test_the_log_of_all_processes_says_nothing_of_anybody"),
    ),
    "weak shared secrets in sample configuration": (
        ("unit/test_deployment_files.py", "test_no_secret_has_a_default_or_stands_in_a_command"),
        ("unit/test_deployment_files.py", "test_a_weak_secret_is_refused"),
    ),
    "real-time text that re-sends the whole line at each key": (
        ("browser/test_rtt.py", "test_what_is_sent_is_what_stands_in_the_field_in_time_and_at_a_readers_pace"),
        (
            "integration/hub/test_text.py",
            "test_characters_reach_the_other_in_their_order_and_the_line_takes_their_place",
        ),
        (HERE, "test_what_was_read_is_not_sent_again"),
    ),
}


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


@pytest.mark.parametrize("fault", ELSEWHERE)
def test_each_has_its_tests(fault: str) -> None:
    assert missing(ELSEWHERE[fault]) == []


async def test_the_next_customer_of_an_agent_reads_nothing_of_the_one_before(desk: Desk) -> None:
    await desk.agent("a1")
    first = await desk.talk("a1", "c1")
    await desk.store.say("c1", first, "my booking is K-1029")
    await desk.store.hang_up("c1", first)
    await desk.store.ready("a1")
    second = await desk.talk("a1", "c2")
    assert await desk.store.texts("c2", second, 0) == []
    for call in (first, second):
        with contextlib.suppress(NoCall):
            assert await desk.store.texts("c2", call, 0) == []
    with pytest.raises(NoCall):
        await desk.store.say("c1", second, "still me")
    assert await desk.store.texts("a1", second, 0) == []


async def test_hanging_up_ends_the_own_call_alone(desk: Desk) -> None:
    for number in (1, 2):
        await desk.agent(f"a{number}", f"s{number}")
    calls = [await desk.talk(f"a{number}", f"c{number}", f"s{number}") for number in (1, 2)]
    await desk.store.hang_up("a1", calls[0])
    assert (await desk.see("c1")).state == "ended"
    assert (await desk.see("c2")).state == "connected"
    assert (await desk.look("a2")).state == "on_call"


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
async def test_a_call_that_moves_while_both_hang_up_has_one_end(
    desk: Desk, redis: Redis, pool: str, order: tuple[int, ...]
) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    epoch = (await desk.see("c1")).epoch

    async def ask(number: int) -> None:
        with contextlib.suppress(SignalingError):
            match number:
                case 0:
                    await desk.store.another_signer("c1", call, epoch)
                case 1:
                    await desk.store.hang_up("a1", call)
                case _:
                    await desk.store.hang_up("c1", call)

    await asyncio.gather(*(ask(number) for number in order))
    sound(await Dump(pool).read(redis))
    assert (await desk.see("c1")).state in ("ended", "home")
    assert {(await desk.look(agent)).state for agent in ("a1", "a2")} <= {"after_call", "available"}


@pytest.mark.parametrize("text", ["手" * 1_000, "a" * 1_000, "👋🏽" * 500])
async def test_a_line_arrives_whole_or_not_at_all(desk: Desk, text: str) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.store.say("c1", call, text)
    assert [line.text for line in await desk.store.texts("a1", call, 0)] == [text]


async def test_what_was_read_is_not_sent_again(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    read = 0
    for number in range(5):
        await desk.store.say("c1", call, f"line {number}")
        lines = await desk.store.texts("a1", call, read)
        assert [line.text for line in lines] == [f"line {number}"]
        read = lines[-1].seq
