"""The store's pure parts: names of skills, the policy written for the scripts, key names, errors."""

from __future__ import annotations

import dataclasses
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import ResponseError

from signaling import errors
from signaling.identity_types import Identity
from signaling.lifecycle_agent import AGENT
from signaling.lifecycle_call import CALL
from signaling.lifecycle_leg import LEG
from signaling.policy import Policy
from signaling.scripts_loader import PRELUDE, READS, Library, machine_lua, policy_lua
from signaling.store_base import reply_code
from video_service.keys import KEYS, SCHEMA_VERSION, Keys, readable, spec_of
from video_service.settings import Settings
from video_service.skill_words import needs_text, skills_text

pytestmark = pytest.mark.unit

skills = st.lists(st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True), max_size=5)


@given(words=skills, dice=st.randoms())
def test_the_order_and_doubles_of_skills_do_not_matter(words: list[str], dice: typing.Any) -> None:
    shuffled = [*words, *words]
    dice.shuffle(shuffled)
    assert needs_text(tuple(shuffled)) == needs_text(tuple(words))
    assert set(filter(None, needs_text(tuple(words)).split("+"))) == set(words)


def test_a_label_alone_is_the_best_skill_and_the_least_need_and_the_higher_of_two_levels_counts() -> None:
    assert skills_text(("csl", "hksl:2", "rail:3", "hksl:1")) == "csl+hksl.2+rail"
    assert needs_text(("csl", "hksl:2", "rail:3", "asl:1", "asl")) == "asl+csl+hksl.2+rail.3"


@pytest.mark.parametrize("word", ["", "a+b", "a:b", "a:0", "a:4", "a:1:2", "a.2", ":1", "手语", "a b", "x" * 72, "a\n"])
def test_what_could_be_taken_for_another_bucket_is_no_skill(word: str) -> None:
    with pytest.raises(ValueError, match="not a skill"):
        needs_text((word,))


def test_every_step_of_the_tables_is_in_the_scripts() -> None:
    for machine in (CALL, LEG, AGENT):
        written = machine_lua(machine)
        assert written.count("]=") == len(machine.table)
        for (state, event), step in machine.table.items():
            assert f'["{state} {event}"]="{step.to}' in written


def test_every_effect_has_a_function_and_every_function_an_effect() -> None:
    for machine in (CALL, LEG, AGENT):
        named = {e.name for step in machine.table.values() for e in step.effects if hasattr(e, "name")}
        text = Library(Policy()).text
        written = {line.split("(")[0].rpartition(".")[2] for line in text.splitlines() if f"DO.{machine.name}." in line}
        assert written == named


def test_every_script_is_a_function_of_the_library_and_only_reads_may_run_where_nothing_can_be_written() -> None:
    library = Library(Policy())
    assert not set(library.names) & set(PRELUDE)
    assert set(library.names) > READS
    for name in library.names:
        assert f"function_name = '{library.function(name)}'" in library.text
    assert library.text.count("'no-writes'") == len(READS)
    with pytest.raises(KeyError):
        library.function("_base")


def test_another_policy_is_another_library() -> None:
    assert Library(Policy()).name == Library(Policy()).name
    assert Library(Policy()).name != Library(Policy(ring_timeout_s=21)).name
    assert "missed_limit=3," in policy_lua(Policy())
    assert "presence_ttl_ms=6500," in policy_lua(Policy(presence_ttl_s=6.5))


def test_operators_and_scripts_have_the_same_defaults() -> None:
    policy = Policy()
    shared = {field.name for field in dataclasses.fields(Policy)} & {
        field.name for field in dataclasses.fields(Settings)
    }
    assert len(shared) >= 10
    settings = Settings()
    assert {name: getattr(settings, name) for name in shared} == {name: getattr(policy, name) for name in shared}


def test_keys_carry_the_pool_as_a_hash_tag() -> None:
    keys = Keys("east")
    assert keys.record("c_1") == "{east}:record:c_1"
    assert spec_of(keys.record("c_1"), "east") in KEYS
    assert spec_of(keys.record("c_1"), "main") is None
    assert spec_of("{east}:no_such:c_1", "east") is None


@pytest.mark.parametrize("pool", ["", "a}b", "{", "a:b"])
def test_a_pool_name_cannot_break_the_hash_tag(pool: str) -> None:
    with pytest.raises(ValueError, match="not a pool name"):
        Keys(pool)


def test_key_names_are_told_apart_by_their_first_word() -> None:
    assert len({spec.stem for spec in KEYS}) == len(KEYS)


def test_this_schema_version_and_the_one_before_are_read() -> None:
    assert [v for v in range(-1, 5) if readable(v)] == [SCHEMA_VERSION - 1, SCHEMA_VERSION]


def test_every_refusal_has_a_code_of_its_own_and_a_sentence() -> None:
    own = [each for each in vars(errors).values() if isinstance(each, type) and each is not errors.SignalingError]
    refusals = [each for each in own if issubclass(each, errors.SignalingError)]
    assert {each.code: each for each in refusals} == errors.BY_CODE
    assert all(str(each()).endswith(".") for each in refusals)


def test_a_name_is_not_in_the_text_of_an_identity_without_one() -> None:
    assert Identity(person="c1", role="customer").name == ""


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("MISCONF Errors writing to the AOF file", "MISCONF"),
        ("OOM command not allowed", "OOM"),
        ("person:c1 holds the wrong kind of value", ""),
        ("", ""),
    ],
)
def test_of_a_servers_refusal_its_code_is_logged_and_nothing_else(reply: str, code: str) -> None:
    assert reply_code(ResponseError(reply)) == code
