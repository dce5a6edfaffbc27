"""Queues and skills as words: what is asked of an agent, who has it, and what the scripts read of the targets."""

from __future__ import annotations

import dataclasses
import typing

import msgspec
import pytest

from signaling.lifecycle_call import CLASSES
from video_service.queue_names import MAIN, NO_QUEUE, BadQueueName, check_name
from video_service.queues import CallClass, QueueRules, Target, Title, flat
from video_service.skill_words import all_skills, covers, needs_text, skills_text

pytestmark = pytest.mark.unit

RAIL = QueueRules(
    needs=("rail:2", "csl"),
    languages=("en",),
    targets={"normal": Target(share_percent=80, within_s=60), "urgent": Target(share_percent=100, within_s=5)},
    proposal_min=5,
)


@dataclasses.dataclass(frozen=True)
class Lin:
    """An agent, as far as matching looks."""

    skills: tuple[str, ...]
    languages: tuple[str, ...]


def test_a_queue_has_a_target_for_each_class_that_calls_have() -> None:
    assert typing.get_args(CallClass) == CLASSES


def test_written_languages_are_asked_for_as_skills() -> None:
    lin = Lin(skills=("csl", "rail:2"), languages=("zh", "en"))
    assert all_skills(lin) == ("csl", "rail:2", "writes_zh", "writes_en")
    assert RAIL.asked == ("rail:2", "csl", "writes_en")
    assert covers(all_skills(lin), RAIL.asked)
    assert needs_text(RAIL.asked) == "csl+rail.2+writes_en"
    assert skills_text(all_skills(lin)) == "csl+rail.2+writes_en+writes_zh"


@pytest.mark.parametrize(
    ("skills", "needs", "served"),
    [
        ((), (), True),
        ((), ("csl",), False),
        (("csl:1",), ("csl",), True),
        (("csl",), ("csl:3",), True),
        (("csl:2",), ("csl:3",), False),
        (("csl:1", "csl:3"), ("csl:2",), True),
        (("rail",), ("csl", "rail"), False),
    ],
    ids=["nothing", "lacks", "least", "fully", "less", "the better one counts", "one of two"],
)
def test_who_has_what_is_needed(skills: tuple[str, ...], needs: tuple[str, ...], served: bool) -> None:
    assert covers(skills, needs) is served


def test_the_scripts_read_milliseconds_and_nothing_where_the_house_decides() -> None:
    assert flat(QueueRules()) == {}
    assert flat(RAIL) == {
        "target_normal": 60_000,
        "share_normal": 80,
        "target_urgent": 5_000,
        "share_urgent": 100,
        "proposal_ms": 300_000,
    }


def test_a_queue_is_read_as_it_was_kept() -> None:
    titled = msgspec.structs.replace(RAIL, title=Title(zh="铁路", en="Rail"))
    kept = msgspec.json.encode(titled)
    assert b'"zh-CN"' in kept
    assert msgspec.json.decode(kept, type=QueueRules) == titled
    assert msgspec.json.decode(b"{}", type=QueueRules) == QueueRules()


@pytest.mark.parametrize("name", [MAIN, "rail", "a", "0-9_z", "x" * 32])
def test_names_that_a_queue_may_have(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", ["", NO_QUEUE, "_x", "Rail", "铁路", "a:b", "a b", "x" * 33, "a\n"])
def test_names_that_no_queue_has(name: str) -> None:
    with pytest.raises(BadQueueName):
        check_name(name)
