"""What customers write when nobody can take their call: kept sealed, read by coordinators, gone in time.

A message is one hash with its text and contact sealed; indexes by time hold what is open and what is done. Beside the
messages stand the follow-ups that agents promised, which signalling keeps: one list for whoever answers.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

import msgspec
from redis.asyncio import Redis

from video_service.cipher import Cipher, Unreadable
from video_service.errors import ServiceError
from video_service.keys import SCHEMA_VERSION, Keys, readable
from video_service.rate_limit import Limit, RateLimits, address_subject
from video_service.records import BadCursor
from video_service.redis_client import text_of
from video_service.video_messages import Film, NoVideo, film_of

State = Literal["open", "done"]

DAY_MS = 86_400_000
HOUR_S = 3_600.0
SEALED_FIELDS: Final = ("text", "contact")
"""Fields of a message's hash that are sealed."""

_SCRIPTS = Path(__file__).parent / "scripts"
_ID = re.compile(r"m-[A-Za-z0-9_-]{20}")
_CALL = re.compile(r"c_[A-Za-z0-9_-]{1,62}")
_UNIQUE_CHARACTERS = 16
_BY_CUSTOMER = Limit(name="message", burst=5, window_s=HOUR_S)
_BY_ADDRESS = Limit(name="message_address", burst=60, window_s=HOUR_S)
# Control characters but the end of a line, and what turns the direction of the text around it.
_NOISE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")


class MessageEmpty(ServiceError):
    """There is nothing to read in the message, and nothing to see."""

    code: ClassVar[str] = "message_empty"


class MessagesFull(ServiceError):
    """As many messages wait for an answer as this service keeps; try again later."""

    code: ClassVar[str] = "messages_full"
    retryable: ClassVar[bool] = True


class UnknownMessage(ServiceError):
    """There is no such message, or its retention has passed."""

    code: ClassVar[str] = "unknown_message"


class MessageUnreadable(ServiceError):
    """A message has a schema version that this program cannot read."""

    code: ClassVar[str] = "schema_unknown"


@dataclass(frozen=True, kw_only=True)
class MessageRules:
    """How long messages are kept, and how many may be open."""

    message_retention_days: int = 90
    open_messages_limit: int = 5_000
    video_message_days: int = 30
    video_message_done_days: int = 7


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """A message as a customer leaves it. `consent`: the version of the text that was agreed to; `video`: its film."""

    customer: str
    verified: bool
    locale: str
    text: str
    contact: str
    consent: int
    video: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A message, or a follow-up that an agent promised. Times in milliseconds since 1970, 0: none.

    `at_ms`: when it was left, or the call ended; `due_ms`, `call`, `owner` (who promised) are a follow-up's.
    `urged_ms`: when the customer asked after a follow-up; `away`: why its owner cannot keep it. `readable` False: no
    data key here opens it.
    """

    id: str
    kind: Literal["message", "follow_up"]
    at_ms: int
    due_ms: int = 0
    customer: str
    verified: bool
    locale: str
    text: str
    contact: str = ""
    call: str = ""
    owner: str = ""
    urged_ms: int = 0
    away: str = ""
    state: State
    readable: bool = True
    video: Film | None = None


@dataclass(frozen=True, kw_only=True)
class EntryPage:
    """Some entries, and the cursor of the next ones ("": no more)."""

    entries: tuple[Entry, ...]
    cursor: str


class LeftMessages:
    """The messages of one pool."""

    def __init__(
        self, redis: Redis, *, pool: str, cipher: Cipher, rates: RateLimits, rules: MessageRules | None = None
    ) -> None:
        rules = rules or MessageRules()
        self._redis = redis
        self._keys = Keys(pool)
        self._cipher = cipher
        self._rates = rates
        self.retention_days = rules.message_retention_days
        self._retention_ms = self.retention_days * DAY_MS
        self._most_open = rules.open_messages_limit
        self._video_ms = max(1, rules.video_message_days) * DAY_MS
        self._video_done_ms = rules.video_message_done_days * DAY_MS
        self._leave, self._turn, self._erase = (
            redis.register_script((_SCRIPTS / f"{name}.lua").read_text(encoding="utf-8"))
            for name in ("message_leave", "message_turn", "messages_erase")
        )

    async def leave(self, left: Left, *, client_id: str = "", address: str, newcomer: bool = False) -> str:
        """Keep a message and return its id. The same `client_id` of the same customer is the same message.

        A `newcomer` comes without a session, and again without it when the answer was lost on its way. So with a
        `client_id` that nobody hits upon by chance, that alone tells that it is the same message.

        Raises:
            MessageEmpty, MessagesFull: it is not kept.
            NoVideo: its film is not there, or not whole, or belongs to another message.
            TooMany: this customer, or this address, has left too many.
        """
        text, contact = clean(left.text), clean(left.contact)
        if not text and not left.video:
            raise MessageEmpty
        message = _id_of(left.customer, client_id)
        if len(client_id) >= _UNIQUE_CHARACTERS:
            first = _id_of("", client_id)
            owner = await self._redis.hget(self._keys.message(first), "customer")
            if owner is not None and (newcomer or text_of(owner) == left.customer):
                return first
            message = first if newcomer else message
        key = self._keys.message(message)
        if client_id and await self._redis.exists(key):
            return message
        await self._rates.take((_BY_CUSTOMER, left.customer), (_BY_ADDRESS, address_subject(address)))
        fields: dict[str, str | int] = {
            "v": SCHEMA_VERSION,
            "customer": left.customer,
            "verified": int(left.verified),
            "locale": left.locale,
            "consent": left.consent,
            "text": self._cipher.seal(text),
            "contact": self._cipher.seal(contact),
        }
        pairs: list[str | int] = [word for pair in fields.items() for word in pair]
        keys = [key, self._keys.messages("open"), self._keys.messages_of(left.customer)]
        if left.video:
            keys += [self._keys.video_message(left.video), self._keys.video_messages]
            keys.append(self._keys.video_messages_of(left.customer))
        limits: list[str | int] = [message, self._retention_ms, self._most_open]
        film: list[str | int] = [left.video, self._video_ms, left.customer]
        answer = int(await self._leave(keys=keys, args=[*limits, *film, *pairs]))
        if answer == -1:
            raise NoVideo
        if not answer:
            raise MessagesFull
        return message

    async def turn(self, entry: str, state: State, *, by: str, own: bool = False) -> None:
        """Mark a message as done, or as open again; the last word counts. `by` is an account's id.

        With `own` only what `by` has marked as done is opened again.

        Raises:
            UnknownMessage: there is none of this id, or it is not `by`'s to be opened.
        """
        if not _ID.fullmatch(entry):
            raise UnknownMessage
        keys = [self._keys.message(entry), self._keys.messages("open")]
        keys += [self._keys.messages("done"), self._keys.video_messages]
        kept: list[str | int] = [self._video_ms, self._video_done_ms, f"{self._keys.root}:", int(own)]
        if not await self._turn(keys=keys, args=[entry, state, by, self._retention_ms, *kept]):
            raise UnknownMessage

    async def done_by(self, entry: str) -> str:
        """Return whose account marked a message as done, "" where nobody did."""
        return text_of(await self._redis.hget(self._keys.message(entry), "done_by") or "")

    async def count_open(self) -> int:
        """Return how many messages and follow-ups are open."""
        return int(await self._redis.zcard(self._keys.messages("open"))) + int(
            await self._redis.zcard(self._keys.follow_ups)
        )

    async def page(self, state: State, *, limit: int, cursor: str = "") -> EntryPage:
        """Return entries: the open ones as they wait, the longest first; the done ones newest first.

        A follow-up waits from when it is due.

        Raises:
            BadCursor: `cursor` is not one that an earlier page gave.
        """
        after = _position(cursor)
        indexes = [self._keys.messages("done")]
        if state == "open":
            indexes = [self._keys.messages("open"), self._keys.follow_ups]
        found: list[tuple[int, str]] = []
        for index in indexes:
            found += await self._ids(index, after, limit + 1, newest_first=state == "done")
        found.sort(reverse=state == "done")
        shown = found[:limit]
        entries = await self._entries([entry for _, entry in shown], state, indexes)
        cursor = "{}-{}".format(*shown[-1]) if len(found) > limit else ""
        return EntryPage(entries=entries, cursor=cursor)

    async def export_of(self, customer: str) -> tuple[dict[str, Any], ...]:
        """Return the messages that a customer left, in a form that can be handed over, oldest first.

        Raises:
            MessageUnreadable: one is of another schema version.
            Unreadable: a data key is missing.
        """
        known: list[Any] = await self._redis.zrange(self._keys.messages_of(customer), 0, -1)
        ids = [text_of(raw) for raw in known]
        entries = [self._message(entry, row) for entry, row in zip(ids, await self._rows(ids), strict=True) if row]
        if not all(each.readable for each in entries):
            raise Unreadable
        return tuple(
            {
                "id": each.id,
                "at_ms": each.at_ms,
                "state": each.state,
                "locale": each.locale,
                "text": each.text,
                "contact": each.contact,
            }
            for each in entries
        )

    async def erase_of(self, customer: str) -> int:
        """Erase the messages that a customer left, and return how many there were."""
        keys = [self._keys.messages_of(customer), self._keys.messages("open"), self._keys.messages("done")]
        return int(await self._erase(keys=keys, args=[self._keys.message("")]))

    async def _ids(
        self, index: str, after: tuple[int, str] | None, count: int, *, newest_first: bool
    ) -> list[tuple[int, str]]:
        """Return up to `count` members behind the position `after`, as score and member."""
        found: list[tuple[int, str]] = []
        edge = after[0] if after else "+inf" if newest_first else "-inf"
        ends = (edge, "-inf") if newest_first else (edge, "+inf")
        offset = 0
        while len(found) < count:
            rows: list[Any] = await self._redis.zrange(
                index, *ends, desc=newest_first, byscore=True, offset=offset, num=count, withscores=True
            )
            pairs = [(int(score), text_of(member)) for member, score in rows]
            found += [pair for pair in pairs if after is None or (pair < after if newest_first else pair > after)]
            offset += count
            if len(rows) < count:
                break
        return found[:count]

    async def _entries(self, ids: list[str], state: State, indexes: list[str]) -> tuple[Entry, ...]:
        """Return what stands behind ids; an id whose retention has passed goes from the index.

        What another release wrote and this one cannot read is left out here, and stays in the index for that release.
        """
        entries, gone = list[Entry](), list[str]()
        for entry, row in zip(ids, await self._rows(ids), strict=True):
            if not row:
                gone.append(entry)
            elif not _is_readable(row):
                continue
            elif _ID.fullmatch(entry):
                film = await film_of(self._redis, self._keys, row)
                entries.append(msgspec.structs.replace(self._message(entry, row), video=film))
            else:
                entries.append(await self._follow_up(entry, row, state))
        if gone:
            async with self._redis.pipeline(transaction=False) as pipe:
                for index in indexes:
                    pipe.zrem(index, *gone)
                await pipe.execute()
        return tuple(entries)

    async def _rows(self, ids: list[str]) -> list[dict[str, str]]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for entry in ids:
                pipe.hgetall(self._keys.message(entry) if _ID.fullmatch(entry) else self._keys.record(entry))
            rows: list[dict[Any, Any]] = await pipe.execute()
        return [{text_of(name): text_of(value) for name, value in row.items()} for row in rows]

    def _message(self, entry: str, row: dict[str, str]) -> Entry:
        if not _is_readable(row):
            raise MessageUnreadable
        text, opened = self._opened(row["text"])
        contact, contact_opened = self._opened(row["contact"])
        return Entry(
            id=entry,
            kind="message",
            at_ms=int(row["at_ms"]),
            customer=row["customer"],
            verified=row["verified"] == "1",
            locale=row["locale"],
            text=text,
            contact=contact,
            state="done" if row["state"] == "done" else "open",
            readable=opened and contact_opened,
        )

    async def _follow_up(self, call: str, row: dict[str, str], state: State) -> Entry:
        sealed = await self._redis.get(self._keys.call_note(call))
        text, opened = self._opened(text_of(sealed) if sealed else "")
        return Entry(
            id=call,
            kind="follow_up",
            at_ms=int(row.get("closed_ms", 0)) or int(row["joined_ms"]),
            due_ms=int(row.get("follow_up_due_ms", 0)),
            customer=row["customer"],
            verified=row["verified"] == "1",
            locale=row["locale"],
            text=text,
            call=call,
            owner=row.get("follow_up_owner", ""),
            urged_ms=int(row.get("promise_urged_ms", 0)),
            away=row.get("promise_away", ""),
            state=state,
            readable=opened,
        )

    def _opened(self, sealed: str) -> tuple[str, bool]:
        try:
            return self._cipher.open(sealed), True
        except Unreadable:
            return "", False


def clean(text: str) -> str:
    """Return text as a person meant it: without control characters and space around it; lines stay lines."""
    return _NOISE.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")).strip()


def _is_readable(row: dict[str, str]) -> bool:
    return readable(int(row.get("v", "-1")))


def _id_of(customer: str, client_id: str) -> str:
    if not client_id:
        return "m-" + secrets.token_urlsafe(15)
    digest = hashlib.sha256(f"{customer}|{client_id}".encode()).digest()
    return "m-" + base64.urlsafe_b64encode(digest[:15]).decode()


def _position(cursor: str) -> tuple[int, str] | None:
    if not cursor:
        return None
    at, _, entry = cursor.partition("-")
    if not (at.isascii() and at.isdecimal() and len(at) <= 15 and (_ID.fullmatch(entry) or _CALL.fullmatch(entry))):
        raise BadCursor
    return int(at), entry
