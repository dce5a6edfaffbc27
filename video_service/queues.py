"""Queues: what an agent must have for a call, how soon it should be answered, what it is called, when it is open.

Pure: no I/O, no clock. `queues_store` keeps them. The main queue is always there; as long as nobody has changed it, it
asks for nothing, has the house's targets, and is open in the line's hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from video_service.door import ONE_LINE, Notice
from video_service.errors import ServiceError
from video_service.opening_hours import Hours
from video_service.skill_words import writing

MOST_QUEUES = 32
MOST_TOPICS = 8

CallClass = Literal["urgent", "resumed", "callback", "vip", "normal"]
Need = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}(:[1-3])?\Z")]
Language = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,32}\Z")]
Needs = Annotated[tuple[Need, ...], Meta(max_length=8)]
Languages = Annotated[tuple[Language, ...], Meta(max_length=8)]
TopicLabel = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
TitleText = Annotated[str, Meta(max_length=40, pattern=ONE_LINE)]
Seconds = Annotated[int, Meta(ge=1, le=86_400)]
Minutes = Annotated[int, Meta(ge=0, le=10_080)]  # of a week


class UnknownQueueName(ServiceError):
    """There is no such queue."""

    code: ClassVar[str] = "unknown_queue"


class QueueThere(ServiceError):
    """There is a queue of this name already."""

    code: ClassVar[str] = "queue_there"


class TooManyQueues(ServiceError):
    """There are as many queues as this service keeps."""

    code: ClassVar[str] = "queues_full"


class MainQueue(ServiceError):
    """The main queue is always there."""

    code: ClassVar[str] = "main_queue"


class Title(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"zh": "zh-CN", "hk": "zh-HK"}):
    """What a queue is called, in each language of the pages; "" for its name."""

    zh: TitleText = ""
    hk: TitleText = ""
    en: TitleText = ""


class Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a call may be about, for the customer to choose: `topic` is the skill of agents who know it."""

    topic: TopicLabel
    title: Title = Title()


Topics = Annotated[tuple[Topic, ...], Meta(max_length=MOST_TOPICS)]


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many of a hundred calls are to be answered, and within how many seconds."""

    share_percent: Annotated[int, Meta(ge=1, le=100)]
    within_s: Seconds


class QueueRules(msgspec.Struct, frozen=True, kw_only=True):
    """One queue.

    `needs`: what an agent must have, each a label or a label and the least level (rail:2); `languages`: what an agent
    must be able to write; `topics`: what customers may choose from. `closed`: what customers read while nobody may
    call. `targets`: by class, of those that are other than the house's. `proposal_min`, `solution_min`: within how many
    minutes an urgent matter is to have a proposal, and to be solved; 0 for the house's. `hours`: None for those of the
    line.
    """

    title: Title = Title()
    closed: Notice = Notice()
    needs: Needs = ()
    languages: Languages = ()
    topics: Topics = ()
    targets: dict[CallClass, Target] = msgspec.field(default_factory=dict)
    proposal_min: Minutes = 0
    solution_min: Minutes = 0
    hours: Hours | None = None

    @property
    def asked(self) -> tuple[str, ...]:
        """What an agent must have, the written languages included."""
        return (*self.needs, *writing(self.languages))

    def topic(self, label: str) -> Topic | None:
        """Return the topic with this label, None when customers cannot choose it here."""
        return next((each for each in self.topics if each.topic == label), None)


@dataclass(frozen=True, kw_only=True)
class House:
    """The targets where a queue says nothing."""

    share_percent: int = 95
    within_s: float = 20.0
    proposal_min: int = 15
    solution_min: int = 120


def flat(rules: QueueRules) -> dict[str, int]:
    """Return the targets as the scripts read them: whole milliseconds and percent; what the house says is absent."""
    found: dict[str, int] = {}
    for name, target in rules.targets.items():
        found[f"target_{name}"] = target.within_s * 1_000
        found[f"share_{name}"] = target.share_percent
    if rules.proposal_min:
        found["proposal_ms"] = rules.proposal_min * 60_000
    if rules.solution_min:
        found["solution_ms"] = rules.solution_min * 60_000
    return found
