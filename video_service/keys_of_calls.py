"""The keys of what signalling keeps: tokens, people, calls, their records and promises, shifts. A part of `keys`."""

from __future__ import annotations

from video_service.key_spec import KeySpec

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
