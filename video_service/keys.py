"""Every Redis key of a pool: one line each, and nothing is ever stored under another name.

A key is `{pool}:name[:part...]`. The braces make the pool a Redis Cluster hash tag, so that one pool's keys are on one
server and one script may touch several. docs/keys.md is this table for readers; a test compares the two, and both
with the keys that a full history leaves behind.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Literal

SCHEMA_VERSION = 1
"""Stored in the field `v` of every hash and of every stored JSON object. Code reads this version and the one before."""

KeyType = Literal["hash", "zset", "set", "list", "string", "stream", "channel"]


def readable(version: int) -> bool:
    """Whether this program reads data of that schema version."""
    return SCHEMA_VERSION - 1 <= version <= SCHEMA_VERSION


@dataclasses.dataclass(frozen=True)
class KeySpec:
    """One kind of key. `name` holds the varying parts in angle brackets; `ttl` and `writer` are for readers."""

    name: str
    type: KeyType
    ttl: str
    writer: str
    holds: str

    @property
    def stem(self) -> str:
        """The fixed first word."""
        return self.name.partition(":")[0]

    @property
    def parts(self) -> int:
        """How many varying parts follow the first word."""
        return self.name.count("<")


KEYS: tuple[KeySpec, ...] = (
    KeySpec("clock", "hash", "none", "every writing script", "latest time seen (never goes back), operations so far"),
    KeySpec(
        "metrics",
        "hash",
        "none",
        "token scripts, call scripts, sweep, tidy",
        "counters: tokens refused and replayed, repairs, failures, calls answered by length of wait, calls abandoned",
    ),
    # Tokens
    KeySpec(
        "ticket:<digest>", "string", "ticket_ttl_s", "ticket_issue", "when it was given out, identity behind a ticket"
    ),
    KeySpec(
        "resume:<digest>",
        "string",
        "resume_ttl_s",
        "resume_issue",
        "when it was given out, identity behind a resume token",
    ),
    KeySpec("resume_of:<person>", "string", "resume_ttl_s", "resume_issue", "digest of the person's one resume token"),
    KeySpec(
        "spent:<digest>",
        "string",
        "resume_ttl_s",
        "token_redeem",
        "of a used token when it was given out, to tell a replay and an older socket",
    ),
    # People
    KeySpec(
        "person:<person>",
        "hash",
        "while connected none; then resume_ttl_s (customer) or 1 day",
        "connect, relabel, disconnect, leg and picture scripts",
        "identity, newest socket and when its token was given out, presence, newest leg, the customer's call",
    ),
    KeySpec(
        "presence", "zset", "none", "connect, beat, disconnect, nodes, sweep", "person by the time the last beat lapses"
    ),
    KeySpec("nodes", "hash", "none", "nodes", "since when a web node has been missed, 0 while it is here"),
    KeySpec("node:<node>", "channel", "-", "nobody", "a web node's subscription, which ends with its process"),
    KeySpec(
        "agent:<agent>",
        "hash",
        "while signed in none; then 1 day",
        "agent scripts, matching, sweep",
        "state of the agent's life cycle, call, misses, signing time",
    ),
    KeySpec(
        "agent_background:<agent>",
        "hash",
        "record_retention_days after the agent's last picture",
        "background",
        "what the agent wants behind the own picture",
    ),
    KeySpec("agents", "zset", "none", "sign_in, sign_out, sweep", "signed-in agents by sign-in time"),
    KeySpec("agent_states", "hash", "none", "agent scripts", "how many agents are in each state"),
    KeySpec("idle:<skills>", "zset", "none", "agent scripts", "present agents who are free, or rest, by idle since"),
    KeySpec("idle_sets", "set", "none", "agent scripts", "skill sets whose idle zset is not empty"),
    KeySpec(
        "staffed:<skills>",
        "zset",
        "none",
        "sign_in, sign_out, relabel, shifts, roster_publish, sweep",
        "agents on shift by shift end",
    ),
    KeySpec(
        "staffed_sets",
        "set",
        "none",
        "sign_in, sign_out, relabel, shifts, roster_publish, sweep",
        "skill sets with agents on shift; ! before those who have signed enough for today",
    ),
    KeySpec(
        "break_asks", "zset", "none", "ask_break, agent scripts", "agents who wait for a break, by when they asked"
    ),
    # Calls
    KeySpec(
        "call:<call>", "hash", "ended_linger_s after close", "call scripts, matching, sweep", "working data of a call"
    ),
    KeySpec(
        "declined:<call>",
        "set",
        "deleted at close or after a round",
        "decline",
        "who declined and is not asked while others could be",
    ),
    KeySpec("calls_of:<customer>", "zset", "record_retention_days", "join", "a customer's calls by time of arrival"),
    KeySpec("left:<call>", "set", "deleted at close", "another", "agents whom the customer left, never asked again"),
    KeySpec("line", "zset", "none", "call scripts", "every waiting call (also ringing or parked) by arrival number"),
    KeySpec("active", "zset", "none", "call scripts", "every active call by the time it was accepted"),
    KeySpec(
        "waiting:<queue>:<needs>:<class>",
        "zset",
        "none",
        "call scripts",
        "calls that may be offered, by arrival number",
    ),
    KeySpec(
        "urgent_matters",
        "zset",
        "trimmed to 1 day",
        "join, disposition, survey, settle, promise and call scripts, tidy",
        "urgent calls that are not solved, by time of arrival",
    ),
    KeySpec("held:<agent>", "zset", "none", "call scripts", "calls that wait for their last agent, by arrival number"),
    KeySpec("buckets:<class>", "set", "none", "call scripts", "queue:needs whose waiting zset is not empty"),
    KeySpec(
        "stranded", "set", "none", "call and agent scripts", "class:queue:needs of waiting calls that nobody covers"
    ),
    KeySpec("deadlines", "zset", "none", "all life cycles", "kind:id by due time; one of a kind per call or agent"),
    KeySpec("texts:<call>", "list", "text_buffer_s after the last line", "say", "text of a call, for reconnection"),
    KeySpec(
        "coach:<call>",
        "list",
        "deleted at close; photo_most_s after the last line at most",
        "watch, coach, call scripts",
        "what a coordinator and the agent of a call write to each other, sealed",
    ),
    KeySpec(
        "photos:<call>",
        "hash",
        "text_buffer_s after close; photo_most_s after the last photo at most",
        "photo_slot, say, call scripts",
        "photos of a call by id, sealed; how many were tried",
    ),
    # Record
    KeySpec(
        "record:<call>",
        "hash",
        "record_retention_days after close",
        "call scripts",
        "session record: facts, no names or text",
    ),
    KeySpec("call_note:<call>", "string", "note_retention_days", "disposition", "an agent's note of a call, sealed"),
    KeySpec(
        "follow_ups",
        "zset",
        "trimmed to record_retention_days",
        "disposition, promise scripts, tidy",
        "open promises by due time",
    ),
    KeySpec(
        "promises_of:<agent>",
        "zset",
        "none",
        "disposition, promise scripts, tidy",
        "an agent's open promises by due time",
    ),
    KeySpec(
        "promise_care",
        "zset",
        "none",
        "disposition, promise scripts, sweep, tidy",
        "promises that a coordinator should look at, by since when",
    ),
    KeySpec(
        "promise_news",
        "hash",
        "none",
        "disposition, promise scripts, sweep",
        "when something about an agent's promises changed, by account's id",
    ),
    KeySpec(
        "call_back:<customer>",
        "hash",
        "call_back_s and keep_place_s",
        "call_back, call_back_end, join, sweep",
        "whom an agent calls back: for which promise, until when",
    ),
    KeySpec(
        "call_back_link:<digest>",
        "string",
        "call_back_s at most",
        "call_back",
        "whom the link to a call back leads to, sealed",
    ),
    KeySpec("records", "zset", "trimmed to record_retention_days", "join, tidy", "calls by time of arrival"),
    KeySpec(
        "rollup:<queue>:<start>",
        "hash",
        "rollup_retention_days",
        "closing scripts, end of after-call work, plan import",
        "sums of an interval of arrival, integer counts and milliseconds; whether they were imported",
    ),
    KeySpec(
        "rollups",
        "zset",
        "trimmed to rollup_retention_days",
        "closing scripts, plan import, tidy",
        "queue:start by interval start",
    ),
    KeySpec(
        "open_time:<day>",
        "string",
        "rollup_retention_days",
        "tidy, plan import",
        "two bits for each 15 s of a day since 1970: the service ran, the line was open",
    ),
    KeySpec("pace:<queue>", "list", "1 day", "closing scripts", "length in ms of the latest 32 answered calls"),
    # Roster
    KeySpec(
        "shift:<shift>",
        "hash",
        "record_retention_days after its end",
        "shift_add, shift_remove, roster_publish",
        "a shift, its breaks",
    ),
    KeySpec(
        "shifts",
        "zset",
        "trimmed to record_retention_days",
        "shift_add, shift_remove, roster_publish, tidy",
        "shifts by start",
    ),
    KeySpec(
        "agent_shifts:<agent>",
        "zset",
        "record_retention_days after the last end",
        "shift_add, shift_remove, roster_publish",
        "start:end:shift by end",
    ),
    KeySpec("wakes", "channel", "-", "every writing script", "hints where to look again, JSON lists"),
)

"""What signalling keeps."""

OTHER_KEYS: tuple[KeySpec, ...] = (
    KeySpec("accounts", "hash", "none", "users, the HTTP surface", "account by sign-in name, password as argon2id"),
    KeySpec("account_names", "hash", "none", "users", "sign-in name by person"),
    KeySpec("web_session:<digest>", "string", "12 h", "sign-in", "a signed-in browser"),
    KeySpec(
        "limit:<name>:<digest>", "string", "until it is paid off, or the lock-out ends", "rate limits", "GCRA: one time"
    ),
    KeySpec("customer:<digest>", "string", "1 day", "enter", "a customer's session: what the launch token said"),
    KeySpec(
        "callback:<callback>",
        "hash",
        "1 day after its time",
        "callback_book, callback_end, join",
        "a booked callback: its time and state, whose and what it needs sealed",
    ),
    KeySpec(
        "callbacks", "zset", "trimmed to 1 day", "callback_book, callback_end", "booked callbacks by when they begin"
    ),
    KeySpec(
        "callback_of:<customer>",
        "string",
        "1 day after its time",
        "callback_book, callback_end",
        "the customer's one booked callback",
    ),
    KeySpec("callbacks_rev", "string", "none", "callback_book, callback_end", "how often one was booked or ended"),
    KeySpec(
        "webhook:<event>",
        "hash",
        "3 days, 7 once it was given up",
        "webhook_put, webhook_tried",
        "an event for the host application: kind, tries, what it says sealed until it is told",
    ),
    KeySpec("webhooks", "zset", "none", "webhook_put, webhook_take, webhook_tried", "events to be told, by next try"),
    KeySpec("webhooks_dead", "zset", "trimmed to 7 days", "webhook_tried", "events that were given up, by when"),
    KeySpec("push_of:<customer>", "string", "7 days", "the HTTP surface", "address of the customer's browser, sealed"),
    KeySpec(
        "push_told:<digest>",
        "hash",
        "3 days",
        "push_take",
        "how often it was tried to tell a customer's browser of something",
    ),
    KeySpec("place:<digest>", "string", "kept_place_s at most", "place", "whose place a link leads to, sealed"),
    KeySpec("place_of:<customer>", "string", "kept_place_s at most", "place", "digest of the customer's one link"),
    KeySpec("launch:<digest>", "string", "until the token would expire", "enter", "mark of a used launch token"),
    KeySpec(
        "blocked:<customer>",
        "string",
        "until its end",
        "the HTTP surface",
        "why, and until when, a customer may not call",
    ),
    KeySpec("blocks", "zset", "trimmed with each new one", "the HTTP surface", "blocked customers by the block's end"),
    KeySpec("erased:<digest>", "string", "1 day", "privacy erase", "mark that a guest's cookie is to be a new one"),
    KeySpec("audit", "stream", "audit_retention_days", "the HTTP surface, commands", "who looked at whose data: ids"),
    KeySpec(
        "door", "hash", "none", "the HTTP surface", "whether new customers come in; the notice, since when, by whom"
    ),
    KeySpec("hours", "hash", "none", "the HTTP surface", "opening hours as JSON, since when, by whom"),
    KeySpec("queues", "set", "none", "queue_keep, queue_drop", "names of the queues that somebody has written down"),
    KeySpec(
        "queue:<queue>",
        "hash",
        "none",
        "queue_keep, queue_drop",
        "a queue as JSON, its needs and targets for the scripts, since when, by whom",
    ),
    KeySpec(
        "calendar:<digest>", "string", "none", "calendar feeds", "whose shifts a secret address shows, language, since"
    ),
    KeySpec("calendar_of:<person>", "string", "none", "calendar feeds", "digest of the agent's one secret address"),
    KeySpec(
        "forecast:<queue>:<day>",
        "string",
        "rollup_retention_days",
        "plan forecast",
        "a forecast as it was made that day, JSON by zlib",
    ),
    KeySpec(
        "background",
        "hash",
        "none",
        "the HTTP surface",
        "what stands behind agents, whether they choose, since when, by whom",
    ),
    KeySpec("background_picture", "hash", "none", "the HTTP surface", "the company's picture and its digest"),
    KeySpec(
        "message:<message>",
        "hash",
        "message_retention_days",
        "message_leave, message_turn",
        "a left message: text and contact sealed, customer, open or done",
    ),
    KeySpec(
        "messages:<state>",
        "zset",
        "trimmed to message_retention_days",
        "message_leave, message_turn, disposition, promise scripts",
        "open ones by the time they were left, done ones (follow-ups too) by when they were done",
    ),
    KeySpec(
        "messages_of:<customer>", "zset", "message_retention_days", "message_leave", "a customer's messages by time"
    ),
    KeySpec(
        "video_message:<video>",
        "hash",
        "video_message_days, or video_message_done_days after it was done; 1 h without a message",
        "video_begin, video_turn, message_leave, message_turn",
        "a video message: the key of its file sealed, whose, size, length, its message",
    ),
    KeySpec(
        "video_messages", "hash", "trimmed with each new one", "the same", "bytes of each video message, and its end"
    ),
    KeySpec(
        "video_messages_of:<customer>",
        "zset",
        "video_message_days",
        "video_begin, video_turn, message_leave, message_turn",
        "a customer's video messages by their end",
    ),
    KeySpec("video_folder", "string", "none", "web nodes", "mark of the one folder of video messages"),
    KeySpec(
        "data_keys", "hash", "none", "start, data-key renew", "a canary for each data key in use, by the key's name"
    ),
    KeySpec("roster", "hash", "none", "roster_publish", "number of the newest version of the roster"),
    KeySpec("campaigns", "hash", "none", "the HTTP surface", "days on which more call, as JSON, their state"),
    KeySpec("roster_team", "hash", "none", "the HTTP surface", "the team's rules as a file, since, by whom"),
    KeySpec(
        "roster_draft:<draft>",
        "hash",
        "record_retention_days after the last change",
        "roster_keep, roster_publish",
        "a roster in the making: days, shifts and breaks by sign-in name as JSON, its state, the version it became",
    ),
    KeySpec("roster_drafts", "zset", "trimmed to record_retention_days", "roster_keep", "drafts by their last change"),
    KeySpec(
        "roster_version:<number>",
        "hash",
        "record_retention_days after its end",
        "roster_publish",
        "a published roster as JSON, by whom, its shifts by id, how many came, went and stayed",
    ),
    KeySpec(
        "roster_versions", "zset", "trimmed to record_retention_days", "roster_publish", "versions by when they go"
    ),
    KeySpec(
        "plan_job:<job>",
        "hash",
        "7 days after it was begun",
        "plan_begin, plan_take, plan_keep",
        "a roster being made: what was asked for, by whom, how far it is, the draft that came of it",
    ),
    KeySpec(
        "plan_running",
        "string",
        "30 s after the last beat",
        "plan_begin, plan_take, plan_keep",
        "the one job, its process",
    ),
    KeySpec(
        "plan_work:<job>",
        "string",
        "until the job is over, 7 days at most",
        "the HTTP surface",
        "what a roster is made from, JSON by zlib",
    ),
    KeySpec(
        "plan_best:<job>",
        "string",
        "until the job is over, 7 days at most",
        "the HTTP surface, plan-worker",
        "the best roster that a job has found, JSON by zlib",
    ),
    KeySpec("plan_last", "string", "7 days", "plan_begin", "the job that was asked for last"),
    KeySpec("plan_today:<queue>", "string", "10 min", "the HTTP surface", "today against its plan, as reckoned last"),
    KeySpec("plan_day:<day>:<queue>", "string", "2 days", "the HTTP surface", "a day's forecast, made once"),
    KeySpec("plan_outlook:<digest>", "string", "1 h", "the HTTP surface", "coming days as they would be, by input"),
    KeySpec("outlook_turn", "string", "130 s", "the HTTP surface", "that some node reckons coming days"),
    KeySpec("plan_turn:<queue>", "string", "90 s", "the HTTP surface", "that some node reckons today anew"),
    KeySpec(
        "attendance:<day>:<agent>",
        "string",
        "2 days",
        "web nodes",
        "two bits for each minute of a day: nobody looked, here, on break, away",
    ),
    KeySpec(
        "floor:<day>",
        "string",
        "2 days",
        "web nodes",
        "how many agents were here, on calls and at rest in each minute of a day",
    ),
    KeySpec("attendance_turn", "string", "55 s", "web nodes", "which minute some node has marked"),
    KeySpec(
        "shift_request:<request>",
        "hash",
        "record_retention_days after its last day or change",
        "request_keep, roster_publish",
        "what an agent asks about shifts or days, never why: whose, state, shift, days, who decided, of a no one of "
        "five reasons, who wanted an open shift before",
    ),
    KeySpec(
        "shift_requests:<index>",
        "zset",
        "trimmed to record_retention_days",
        "request_keep, roster_publish",
        "live ones by when they lapse, past ones by their end, days that stand by their last day",
    ),
    KeySpec(
        "shift_requests_of:<person>",
        "zset",
        "record_retention_days after the last one's end",
        "request_keep, roster_publish",
        "an agent's own requests and those they were asked, by when they are forgotten",
    ),
    KeySpec(
        "shift_news",
        "hash",
        "none",
        "request_keep, roster_publish, the HTTP surface",
        "when something was decided about an agent's requests, by account's id, and until when it was read",
    ),
    KeySpec("shift_rules", "hash", "none", "the HTTP surface", "whether rules alone grant, since when, by whom"),
    KeySpec("promise_look", "string", "55 s", "web nodes", "that some node looks whose owner cannot keep a promise"),
    KeySpec("media_workers", "zset", "30 s after the last renewal", "media workers", "lease by its end"),
)
"""What accounts, browsers, customers' sessions, the audit log, the door and media workers keep."""


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
