"""The keys of what stands around calls: accounts, sessions, messages, rosters, plans, workers. A part of `keys`."""

from __future__ import annotations

from video_service.key_spec import KeySpec

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
