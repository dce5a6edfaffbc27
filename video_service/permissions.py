"""Who may do what: one table of every route and one of every message. What is not in them is refused.

The application asks here before a handler runs (`http_gate`, `signaling.handlers`), so a route or message that nobody
wrote down is open to nobody. Handlers narrow further where it depends on whose thing it is, never the other way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from video_service.accounts import Role

CUSTOMER = "customer"  # whoever has no account: a guest, or somebody with a launch token
AGENT = frozenset[str]({Role.AGENT})
COORDINATING = frozenset[str]({Role.COORDINATOR, Role.ADMIN})
STAFF = AGENT | COORDINATING
EVERYBODY = STAFF | {CUSTOMER}
NOBODY = frozenset[str]()

Entrance = Literal["customer", "agent", "coordinator"]


@dataclass(frozen=True, kw_only=True)
class Right:
    """Who may use a route. `looks_at` is the audit log's word for the personal data that it shows, "" for none."""

    who: frozenset[str]
    looks_at: str = ""
    one_time: bool = False  # also for somebody whose one-time password has to be changed first


ANYBODY = Right(who=EVERYBODY)
COORDINATORS = Right(who=COORDINATING)

# "METHOD rule", as Quart writes the rule.
ROUTES: dict[str, Right] = {
    "GET /": ANYBODY,
    "GET /healthz": ANYBODY,
    "GET /readyz": ANYBODY,
    "GET /metrics": ANYBODY,
    "GET /customer/": ANYBODY,
    "GET /agent/": ANYBODY,  # a page holds nothing that is anybody's; what it shows comes by the routes below
    "GET /coordinator/": ANYBODY,
    "GET /embed/": ANYBODY,
    "GET /<any(customer, agent, coordinator, embed, shared):folder>/<path:name>": ANYBODY,
    "GET /clips/<name>.mp4": ANYBODY,
    "WEBSOCKET /ws": ANYBODY,  # its first message carries a ticket, which says who it is
    "POST /api/sign-in": ANYBODY,
    "POST /api/sign-out": ANYBODY,
    "POST /api/sign-out-everywhere": Right(who=STAFF, one_time=True),
    "POST /api/password": Right(who=STAFF, one_time=True),
    "GET /api/me": Right(who=STAFF, one_time=True),
    "POST /api/enter": ANYBODY,
    "POST /api/ticket": ANYBODY,  # as whom: ENTRANCES
    "GET /api/service": ANYBODY,
    "GET /api/openapi.json": ANYBODY,
    "GET /api/callback": ANYBODY,  # of the customer whose cookie it is, as the next three
    "POST /api/callback/slots": ANYBODY,
    "PUT /api/callback": ANYBODY,
    "DELETE /api/callback": ANYBODY,
    "GET /api/callbacks": Right(who=STAFF),  # when, never whose
    "GET /api/promises": ANYBODY,  # of the customer whose cookie it is, as the next one
    "POST /api/promises/<call>/urge": ANYBODY,
    "POST /api/call-back/follow": ANYBODY,  # the link is the right
    "POST /api/call-back/decline": ANYBODY,  # of the customer whose cookie it is
    "POST /api/promises/<call>/owner": COORDINATORS,
    "POST /api/matters/<call>/settle": Right(who=STAFF),  # an agent: the own ones
    "GET /api/my/promises": Right(who=AGENT),
    "GET /api/my/promises/<call>": Right(who=AGENT, looks_at="promise"),
    "POST /api/my/promises/<call>": Right(who=AGENT),
    "POST /api/place": ANYBODY,  # of the customer whose cookie it is
    "POST /api/place/follow": ANYBODY,  # the link is the right
    "PUT /api/push": ANYBODY,  # of the customer whose cookie it is
    "DELETE /api/push": ANYBODY,
    "GET /api/agents": Right(who=COORDINATING, looks_at="agents"),
    "GET /api/people": Right(who=COORDINATING, looks_at="people"),
    "POST /api/people": COORDINATORS,  # of whom: only an administrator looks after coordinators
    "POST /api/people/<person>/labels": COORDINATORS,
    "POST /api/people/<person>/disabled": COORDINATORS,
    "POST /api/people/<person>/password": COORDINATORS,
    "POST /api/people/<person>/sign-out": COORDINATORS,
    "GET /api/day": COORDINATORS,
    "GET /api/shifts": COORDINATORS,
    "POST /api/shifts": COORDINATORS,
    "POST /api/shifts/import": COORDINATORS,
    "GET /api/shifts/template.csv": COORDINATORS,
    "DELETE /api/shifts/<shift>": COORDINATORS,
    "GET /api/rosters": COORDINATORS,
    "POST /api/rosters": COORDINATORS,
    "GET /api/rosters/<draft>": COORDINATORS,
    "PUT /api/rosters/duties": COORDINATORS,
    "DELETE /api/rosters/<draft>": COORDINATORS,
    "GET /api/rosters/<draft>/roster.csv": COORDINATORS,
    "GET /api/rosters/<draft>/roster.xlsx": COORDINATORS,
    "GET /api/rosters/versions/<int:number>/roster.xlsx": COORDINATORS,
    "GET /api/rosters/<draft>/roster.ics": COORDINATORS,
    "GET /api/rosters/versions/<int:number>/roster.ics": COORDINATORS,
    "GET /api/rosters/<draft>/changes": COORDINATORS,
    "POST /api/rosters/<draft>/publish": COORDINATORS,
    "GET /api/rosters/versions/<int:number>": COORDINATORS,
    "GET /api/rosters/team": COORDINATORS,
    "PUT /api/rosters/team": COORDINATORS,
    "GET /api/requests": Right(who=COORDINATING, looks_at="shift_requests"),
    "GET /api/requests/count": COORDINATORS,
    "POST /api/requests/means": COORDINATORS,
    "GET /api/requests/<request_id>/people": COORDINATORS,
    "POST /api/requests/<request_id>": COORDINATORS,
    "POST /api/requests/away": COORDINATORS,
    "POST /api/requests/open": COORDINATORS,
    "PUT /api/requests/rules": COORDINATORS,
    "GET /api/my/requests": Right(who=AGENT),
    "POST /api/my/requests": Right(who=AGENT),  # about one's own shifts and days
    "POST /api/my/requests/<request_id>": Right(who=AGENT),  # what is one's own, or one was asked
    "POST /api/my/requests/seen": Right(who=AGENT),
    "POST /api/my/away": Right(who=AGENT),
    "POST /api/plan/roster": COORDINATORS,
    "GET /api/plan/job": COORDINATORS,
    "POST /api/plan/cancel": COORDINATORS,
    "GET /api/plan/campaigns": COORDINATORS,
    "PUT /api/plan/campaigns": COORDINATORS,
    "POST /api/plan/outlook": COORDINATORS,
    "POST /api/plan/pool": COORDINATORS,
    "GET /api/intraday": COORDINATORS,
    "POST /api/intraday/break": COORDINATORS,
    "GET /api/my/shifts": Right(who=AGENT),
    "GET /api/my/shifts/<shift>/swaps": Right(who=AGENT),
    "POST /api/my/calendar": Right(who=AGENT),
    "DELETE /api/my/calendar": Right(who=AGENT),
    "GET /api/calendar/<secret>.ics": ANYBODY,  # calendar programs sign in nowhere: the address is the right
    "GET /api/door": COORDINATORS,
    "POST /api/door": COORDINATORS,
    "GET /api/background": Right(who=STAFF),
    "PUT /api/background": COORDINATORS,
    "PUT /api/background/picture": COORDINATORS,
    "DELETE /api/background/picture": COORDINATORS,
    "GET /api/background/picture.jpg": Right(who=STAFF),
    "GET /api/hours": COORDINATORS,
    "PUT /api/hours": COORDINATORS,
    "GET /api/queues": COORDINATORS,
    "PUT /api/queues/<queue>": COORDINATORS,
    "DELETE /api/queues/<queue>": COORDINATORS,
    "POST /api/photos": ANYBODY,  # of which call: the handler asks whether it is one's own
    "GET /api/photos/<call>/<photo>": ANYBODY,
    "POST /api/messages": ANYBODY,
    "GET /api/messages": Right(who=COORDINATING, looks_at="messages"),
    "GET /api/messages/count": COORDINATORS,
    "POST /api/messages/<message>": COORDINATORS,
    "POST /api/video-messages": ANYBODY,  # of the customer whose cookie it is, as the next two
    "POST /api/video-messages/part": ANYBODY,
    "POST /api/video-messages/finish": ANYBODY,
    "GET /api/signed-messages": Right(who=STAFF, looks_at="signed_messages"),
    "POST /api/signed-messages/<message>": Right(who=STAFF),  # open again: whoever marked it, or a coordinator
    "GET /api/messages/<message>/video": Right(who=STAFF, looks_at="video_message"),  # agents: while it is open
    "GET /api/blocks": Right(who=COORDINATING, looks_at="blocks"),
    "POST /api/blocks": COORDINATORS,
    "DELETE /api/blocks/<customer>": COORDINATORS,
    "GET /api/records": Right(who=COORDINATING, looks_at="records"),
    "GET /api/records/<call>": Right(who=COORDINATING, looks_at="record"),
    "GET /api/records.csv": Right(who=COORDINATING, looks_at="records_file"),
}

# Which accounts may come in by which door; a customer needs none.
ENTRANCES: dict[Entrance, frozenset[str]] = {"customer": EVERYBODY, "agent": AGENT, "coordinator": COORDINATING}

# By the message's `type`. An administrator's socket is a coordinator's.
_IN_A_CALL = AGENT | {CUSTOMER}
MESSAGES: dict[str, frozenset[str]] = {
    "hello": NOBODY,  # the first message of a socket, read before anybody is somebody; never a second one
    "ping": EVERYBODY,
    "join": frozenset({CUSTOMER}),
    "note": frozenset({CUSTOMER}),
    "hang_up": _IN_A_CALL,
    "ready": AGENT,
    "break": AGENT,
    "ask_break": AGENT,
    "accept": AGENT,
    "decline": AGENT,
    "another_signer": frozenset({CUSTOMER}),
    "hold": AGENT,
    "transfer": AGENT,
    "invite": AGENT,
    "escalate": AGENT,
    "disposition": AGENT,
    "media_offer": _IN_A_CALL | COORDINATING,  # of a coordinator: who has asked to look on, and may
    "pause_picture": _IN_A_CALL,
    "picture_shown": _IN_A_CALL,
    "this_is_me": AGENT | COORDINATING,  # of a coordinator: whose own picture is made
    "background": AGENT,
    "show_object": AGENT,
    "say": _IN_A_CALL | COORDINATING,  # of a coordinator: who has joined
    "rtt": _IN_A_CALL,
    "voice": AGENT,
    "survey": frozenset({CUSTOMER}),
    "watch": COORDINATING,
    "allow_watch": frozenset({CUSTOMER}),
    "coach": AGENT | COORDINATING,  # of an agent: to the coordinator who is beside the call
    "coach_read": AGENT,
}


def may_send(role: str, message: str) -> bool:
    """Return whether a greeted socket of `role` may send a message of this `type`."""
    return role in MESSAGES.get(message, NOBODY)
