"""Every Redis key of a pool: one line each, and nothing is ever stored under another name.

A key is `{pool}:name[:part...]`. The braces make the pool a Redis Cluster hash tag, so that one pool's keys are on one
server and one script may touch several. docs/keys.md is this table for readers; a test compares the two, and both
with the keys that a full history leaves behind.
"""

from __future__ import annotations

import hashlib

from video_service.key_spec import SCHEMA_VERSION, KeySpec, KeyType, readable
from video_service.keys_of_calls import KEYS
from video_service.keys_of_the_house import OTHER_KEYS

__all__ = ["KEYS", "OTHER_KEYS", "SCHEMA_VERSION", "KeySpec", "KeyType", "Keys", "readable", "spec_of"]


class Keys:
    """The names of one pool's keys, for the few that are used outside the scripts."""

    def __init__(self, pool: str = "main") -> None:
        if not pool or set(pool) & set("{}:"):
            raise ValueError(f"not a pool name: {pool!r}")
        self.pool = pool
        self.root = f"{{{pool}}}"
        self.wakes = f"{self.root}:wakes"
        self.nodes = f"{self.root}:nodes"
        self.blocks = f"{self.root}:blocks"
        self.records = f"{self.root}:records"
        self.rollups = f"{self.root}:rollups"
        self.metrics = f"{self.root}:metrics"
        self.audit = f"{self.root}:audit"
        self.door = f"{self.root}:door"
        self.hours = f"{self.root}:hours"
        self.callbacks = f"{self.root}:callbacks"
        self.callbacks_rev = f"{self.root}:callbacks_rev"
        self.webhooks = f"{self.root}:webhooks"
        self.webhooks_dead = f"{self.root}:webhooks_dead"
        self.queues = f"{self.root}:queues"
        self.background = f"{self.root}:background"
        self.background_picture = f"{self.root}:background_picture"
        self.follow_ups = f"{self.root}:follow_ups"
        self.urgent_matters = f"{self.root}:urgent_matters"
        self.promise_care = f"{self.root}:promise_care"
        self.promise_look = f"{self.root}:promise_look"
        self.data_keys = f"{self.root}:data_keys"
        self.video_messages = f"{self.root}:video_messages"
        self.video_folder = f"{self.root}:video_folder"
        self.roster = f"{self.root}:roster"
        self.campaigns = f"{self.root}:campaigns"
        self.roster_team = f"{self.root}:roster_team"
        self.roster_drafts = f"{self.root}:roster_drafts"
        self.roster_versions = f"{self.root}:roster_versions"
        self.plan_running = f"{self.root}:plan_running"
        self.plan_last = f"{self.root}:plan_last"
        self.outlook_turn = f"{self.root}:outlook_turn"
        self.attendance_turn = f"{self.root}:attendance_turn"
        self.shift_news = f"{self.root}:shift_news"
        self.shift_rules = f"{self.root}:shift_rules"

    def shift_request(self, request: str) -> str:
        return f"{self.root}:shift_request:{request}"

    def shift_requests(self, index: str) -> str:
        """`index`: "live", "days" or "past"."""
        return f"{self.root}:shift_requests:{index}"

    def shift_requests_of(self, person: str) -> str:
        return f"{self.root}:shift_requests_of:{person}"

    def plan_outlook(self, digest: str) -> str:
        return f"{self.root}:plan_outlook:{digest}"

    def plan_today(self, queue: str) -> str:
        return f"{self.root}:plan_today:{queue}"

    def plan_turn(self, queue: str) -> str:
        return f"{self.root}:plan_turn:{queue}"

    def plan_day(self, day: str, queue: str) -> str:
        return f"{self.root}:plan_day:{day}:{queue}"

    def floor(self, day: str) -> str:
        return f"{self.root}:floor:{day}"

    def attendance(self, day: str, agent: str) -> str:
        return f"{self.root}:attendance:{day}:{agent}"

    def plan_job(self, job: str) -> str:
        return f"{self.root}:plan_job:{job}"

    def plan_work(self, job: str) -> str:
        return f"{self.root}:plan_work:{job}"

    def plan_best(self, job: str) -> str:
        return f"{self.root}:plan_best:{job}"

    def queue(self, name: str) -> str:
        return f"{self.root}:queue:{name}"

    def roster_draft(self, draft: str) -> str:
        return f"{self.root}:roster_draft:{draft}"

    def roster_version(self, number: int) -> str:
        return f"{self.root}:roster_version:{number}"

    def erased(self, person: str) -> str:
        """Key of the mark that a guest was erased, which does not say who."""
        return f"{self.root}:erased:{hashlib.sha256(person.encode()).hexdigest()}"

    def callback(self, callback: str) -> str:
        """Key of a booked callback."""
        return f"{self.root}:callback:{callback}"

    def callback_of(self, customer: str) -> str:
        """Key of the id of a customer's one booked callback."""
        return f"{self.root}:callback_of:{customer}"

    def webhook(self, event: str) -> str:
        """Key of an event for the host application."""
        return f"{self.root}:webhook:{event}"

    def push_of(self, customer: str) -> str:
        """Key of the address of a customer's browser."""
        return f"{self.root}:push_of:{customer}"

    def push_told(self, digest: str) -> str:
        """Key of the mark that a customer's browser was told."""
        return f"{self.root}:push_told:{digest}"

    def place(self, digest: str) -> str:
        """Key of what stands behind the link to a kept place."""
        return f"{self.root}:place:{digest}"

    def place_of(self, customer: str) -> str:
        """Key of the digest of a customer's one link."""
        return f"{self.root}:place_of:{customer}"

    def promises_of(self, agent: str) -> str:
        """Key of the index of an agent's open promises."""
        return f"{self.root}:promises_of:{agent}"

    def calls_of(self, customer: str) -> str:
        """Key of the index of a customer's calls."""
        return f"{self.root}:calls_of:{customer}"

    def call_back(self, customer: str) -> str:
        """Key of who calls this customer back."""
        return f"{self.root}:call_back:{customer}"

    def call_back_link(self, digest: str) -> str:
        """Key of what stands behind the link to a call back."""
        return f"{self.root}:call_back_link:{digest}"

    def node(self, node: str) -> str:
        """Name of a web node's own channel."""
        return f"{self.root}:node:{node}"

    def blocked(self, customer: str) -> str:
        """Key of a customer's block."""
        return f"{self.root}:blocked:{customer}"

    def coach(self, call: str) -> str:
        """Key of what a coordinator and the agent of a call write to each other."""
        return f"{self.root}:coach:{call}"

    def photos(self, call: str) -> str:
        """Key of the photos that were sent in a call."""
        return f"{self.root}:photos:{call}"

    def record(self, call: str) -> str:
        """Key of a session record."""
        return f"{self.root}:record:{call}"

    def call_note(self, call: str) -> str:
        """Key of what an agent noted of a call."""
        return f"{self.root}:call_note:{call}"

    def message(self, message: str) -> str:
        """Key of a left message."""
        return f"{self.root}:message:{message}"

    def video_message(self, video: str) -> str:
        """Key of a video message."""
        return f"{self.root}:video_message:{video}"

    def video_messages_of(self, customer: str) -> str:
        """Key of the index of one customer's video messages."""
        return f"{self.root}:video_messages_of:{customer}"

    def messages(self, state: str) -> str:
        """Key of the index of left messages that are "open" or "done"."""
        return f"{self.root}:messages:{state}"

    def messages_of(self, customer: str) -> str:
        """Key of the index of one customer's messages."""
        return f"{self.root}:messages_of:{customer}"

    def open_time(self, day: int) -> str:
        """`day`: days since 1970, by UTC."""
        return f"{self.root}:open_time:{day}"

    def calendar(self, digest: str) -> str:
        return f"{self.root}:calendar:{digest}"

    def calendar_of(self, person: str) -> str:
        return f"{self.root}:calendar_of:{person}"

    def forecast(self, queue: str, made: str) -> str:
        """`made`: the day of making, YYYY-MM-DD."""
        return f"{self.root}:forecast:{queue}:{made}"

    def rollup(self, member: str) -> str:
        """Key of a roll-up; `member` is `queue:start` as it stands in the index."""
        return f"{self.root}:rollup:{member}"


def spec_of(key: str, pool: str = "main") -> KeySpec | None:
    """Return the line of the table that a stored key falls under, or None."""
    root, _, rest = key.partition("}:")
    if root != "{" + pool:
        return None
    stem, *parts = rest.split(":")
    return next((spec for spec in (*KEYS, *OTHER_KEYS) if spec.stem == stem and spec.parts == len(parts)), None)
