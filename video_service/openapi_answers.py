"""What each route answers, for the OpenAPI document; `docs/http-api.md` says what the fields mean.

A handler builds its answer by hand, so nothing but the tests compares the two: every answer that they walk through is
held against its schema. Rosters, requests and plans are in `openapi_plans`.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from video_service.background_store import PictureFacts
from video_service.day import HalfHour, Interval
from video_service.door import Notice
from video_service.media_plane import Background
from video_service.openapi_plans import PLANS
from video_service.openapi_types import NOTHING, Answer, many, maybe, row
from video_service.queues import CallClass, Target, Title, Topic
from video_service.records import SessionRecord
from video_service.shift_import import Fault
from video_service.video_messages import Film
from video_service.video_messages_film import FilmFacts

JSON: Final[Any] = dict[str, Any]
STRINGS: Final[Any] = many(str)
SPANS: Final[Any] = many(tuple[str, str])
CALENDAR, CSV, JPEG, MP4 = "text/calendar", "text/csv", "image/jpeg", "video/mp4"

ME = row("Me", "name sign_in_name role", "", "must_change", skills=STRINGS, languages=STRINGS)
CALLBACK = row("Callback", "state", "start_ms end_ms")
BOOKED = row("Booked", booked=maybe(CALLBACK))
BOOKING = row("Booking", "callback sign_language locale", "start_ms end_ms", "covered", needs=STRINGS)
VIDEO_OFFER = row("VideoOffer", "", "days done_days most_s consent")
HOURS_NOW = row("HoursNow", "zone", "next_open_ms", "open_now", today=SPANS)
LINE = row(
    "Line",
    "signs topic",
    "agents_on consent_version message_retention_days promises",
    "open urgent_open yours known guests",
    video_messages=maybe(VIDEO_OFFER),
    hours=maybe(HOURS_NOW),
    notice=maybe(Notice),
    callbacks=maybe(BOOKED),
    title=dict[str, str],
    topics=many(Topic),
    push=maybe(row("PushOffer", "key told")),
)
PROMISE = row(
    "Promise",
    "call name reason",
    "about_ms due_ms calls_until_ms called_ms",
    "urged",
    state=Literal["open", "late", "done"],
)
OWNED = row(
    "OwnedPromise",
    "call reason sign_language locale",
    "about_ms due_ms urged_ms called_ms",
    "late",
    called=Literal["", "calling", "joined", "declined", "missed"],
)
MATTER = row("Matter", "call reason", "since_ms due_ms")
AGENT = row("Agent", "agent name sign_in_name", "", "disabled", skills=STRINGS, languages=STRINGS)
PERSON = row(
    "Person",
    "person name sign_in_name role created",
    "",
    "disabled must_change own may_change",
    skills=STRINGS,
    languages=STRINGS,
)
NEW_PASSWORD = row("NewPassword", "password", account=PERSON)
SHIFT = row("Shift", "shift agent start end")
MY_SHIFT = row("MyShift", "shift start end")
PLANNED = row("PlannedShift", "name start end", "line", breaks=many(row("Break", "start end")))
DAY = row(
    "Day",
    "",
    "now_ms start_ms interval_ms goal_percent",
    target_s=float,
    intervals=many(Interval),
    ahead=many(HalfHour),
)
DOOR = row("Door", "by", "", "open", since=maybe(str), notice=Notice)
BACKGROUND = row("Backgrounds", "", "", "agents_choose", default=Background, picture=maybe(PictureFacts))
HOLIDAYS = row("HolidayHours", "region", "make_up_as", hours=SPANS)
SPECIAL_DAY = row("SpecialDay", "date name", hours=SPANS, kind=Literal["holiday", "make-up"])
HOURS = row(
    "OpeningHours",
    "zone",
    "closes_ms next_open_ms",
    "set open_now",
    week=many(SPANS),
    exceptions=many(row("ExceptionalDay", "date", hours=SPANS)),
    holidays=maybe(HOLIDAYS),
    special_days=many(SPECIAL_DAY),
    today=SPANS,
)
HOUSE = row("House", "", "share_percent within_s proposal_min solution_min")
QUEUE = row(
    "Queue",
    "queue",
    "proposal_min solution_min agents able on_now",
    "own_hours",
    title=Title,
    closed=Notice,
    needs=STRINGS,
    languages=STRINGS,
    topics=many(Topic),
    targets=dict[CallClass, Target],
)
MESSAGE = row(
    "Message",
    "id customer locale text contact call owner_name",
    "at_ms due_ms",
    "verified readable",
    kind=Literal["message", "follow_up"],
    state=Literal["open", "done"],
    video=maybe(Film),
)
TURNED = row("MessageTurned", "id state")
BLOCK = row("Block", "customer by reason call", "since_ms until_ms")

ANSWERS: dict[str, Answer] = {
    "POST /api/sign-in": ME,
    "POST /api/sign-out": NOTHING,
    "POST /api/sign-out-everywhere": NOTHING,
    "POST /api/password": ME,
    "GET /api/me": ME,
    "POST /api/enter": row("Entered", "entry", "", "verified"),
    "POST /api/ticket": row("Ticket", "ticket"),
    "GET /api/service": LINE,
    "GET /api/openapi.json": JSON,
    "GET /api/callback": BOOKED,
    "POST /api/callback/slots": row("Slots", "", "slot_min", slots=many(int)),
    "PUT /api/callback": BOOKED,
    "DELETE /api/callback": NOTHING,
    "GET /api/callbacks": row("Bookings", callbacks=many(BOOKING)),
    "GET /api/promises": row("Promises", promises=many(PROMISE)),
    "POST /api/promises/<call>/urge": NOTHING,
    "POST /api/call-back/follow": NOTHING,
    "POST /api/call-back/decline": NOTHING,
    "POST /api/promises/<call>/owner": row("Given", "call owner_name"),
    "POST /api/matters/<call>/settle": NOTHING,
    "GET /api/my/promises": row("MyPromises", promises=many(OWNED), matters=many(MATTER)),
    "GET /api/my/promises/<call>": row("PromiseNote", "note", "", "readable"),
    "POST /api/my/promises/<call>": row("PromiseTurned", "call", "until_ms"),
    "POST /api/place": row("KeptPlace", "token", "until_ms"),
    "POST /api/place/follow": NOTHING,
    "PUT /api/push": NOTHING,
    "DELETE /api/push": NOTHING,
    "GET /api/agents": row("Agents", agents=many(AGENT)),
    "GET /api/people": row("People", people=many(PERSON)),
    "POST /api/people": NEW_PASSWORD,
    "POST /api/people/<person>/labels": PERSON,
    "POST /api/people/<person>/disabled": PERSON,
    "POST /api/people/<person>/password": NEW_PASSWORD,
    "POST /api/people/<person>/sign-out": PERSON,
    "GET /api/day": DAY,
    "GET /api/shifts": row("Shifts", shifts=many(SHIFT)),
    "POST /api/shifts": SHIFT,
    "POST /api/shifts/import": row("Import", "", "rows imported", shifts=many(PLANNED), faults=many(Fault)),
    "GET /api/shifts/template.csv": CSV,
    "DELETE /api/shifts/<shift>": NOTHING,
    "GET /api/my/shifts": row("MyShifts", "", "calendar_since_ms", shifts=many(MY_SHIFT)),
    "POST /api/my/calendar": row("CalendarAddress", "path"),
    "DELETE /api/my/calendar": NOTHING,
    "GET /api/calendar/<secret>.ics": CALENDAR,
    "GET /api/door": DOOR,
    "POST /api/door": DOOR,
    "GET /api/background": BACKGROUND,
    "PUT /api/background": BACKGROUND,
    "PUT /api/background/picture": BACKGROUND,
    "DELETE /api/background/picture": BACKGROUND,
    "GET /api/background/picture.jpg": JPEG,
    "GET /api/hours": HOURS,
    "PUT /api/hours": HOURS,
    "GET /api/queues": row("Queues", queues=many(QUEUE), house=HOUSE),
    "PUT /api/queues/<queue>": QUEUE,
    "DELETE /api/queues/<queue>": NOTHING,
    "POST /api/photos": row("Photo", "photo"),
    "GET /api/photos/<call>/<photo>": JPEG,
    "POST /api/messages": row("MessageLeft", "message"),
    "GET /api/messages": row("Messages", "cursor", "open", "more", messages=many(MESSAGE)),
    "GET /api/messages/count": row("OpenMessages", "", "open"),
    "POST /api/messages/<message>": TURNED,
    "POST /api/video-messages": row("FilmBegun", "", "part_bytes", parts=many(int)),
    "POST /api/video-messages/part": NOTHING,
    "POST /api/video-messages/finish": FilmFacts,
    "GET /api/signed-messages": row("SignedMessages", messages=many(MESSAGE)),
    "POST /api/signed-messages/<message>": TURNED,
    "GET /api/messages/<message>/video": MP4,
    "GET /api/blocks": row("Blocks", blocks=many(BLOCK)),
    "POST /api/blocks": BLOCK,
    "DELETE /api/blocks/<customer>": NOTHING,
    "GET /api/records": row("Records", "cursor", records=many(SessionRecord)),
    "GET /api/records/<call>": SessionRecord,
    "GET /api/records.csv": CSV,
    **PLANS,
}
