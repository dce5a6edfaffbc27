"""Tickets and resume tokens: 32 random bytes that open one socket once. Only their digest is stored."""

from __future__ import annotations

import hashlib
import secrets

import msgspec

from signaling.errors import SchemaUnknown, TicketRefused
from signaling.identity_types import Identity
from signaling.store_base import StoreBase
from video_service.keys import SCHEMA_VERSION, readable


class StoredIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """What stands behind a token."""

    v: int
    identity: Identity


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(StoredIdentity)


def token_digest(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


class TicketStore(StoreBase):
    """One-time tokens."""

    async def issue_ticket(self, identity: Identity) -> str:
        """Return a new ticket for one socket of this person; it lives `ticket_ttl_s`."""
        token = secrets.token_urlsafe(32)
        await self.run("ticket_issue", token_digest(token), self._pack(identity))
        return token

    async def redeem_ticket(self, ticket: str) -> Identity:
        """Use a ticket up.

        Raises:
            TicketRefused: unknown, expired, or used before (a replay; counted in the metrics hash).
        """
        return await self._redeem("ticket", ticket)

    async def issue_resume(self, identity: Identity, *, socket: str = "") -> str:
        """Return a new resume token, which replaces the person's earlier one; it lives `resume_ttl_s`.

        Raises:
            Superseded: `socket` was named and is not the person's newest.
        """
        token = secrets.token_urlsafe(32)
        await self.run("resume_issue", identity.person, token_digest(token), self._pack(identity), socket)
        return token

    async def redeem_resume(self, token: str) -> Identity:
        """Use a resume token up.

        Raises:
            TicketRefused: unknown, expired, replaced, or used before (a replay; counted in the metrics hash).
        """
        return await self._redeem("resume", token)

    async def _redeem(self, kind: str, token: str) -> Identity:
        answer = await self.run("token_redeem", kind, token_digest(token))
        stored = answer.get("identity")
        if stored is None:
            raise TicketRefused
        return self._unpack(stored)

    def _pack(self, identity: Identity) -> str:
        return self.cipher.seal(_encoder.encode(StoredIdentity(v=SCHEMA_VERSION, identity=identity)).decode())

    def _unpack(self, sealed: str) -> Identity:
        stored = _decoder.decode(self.cipher.open_or_plain(sealed))
        if not readable(stored.v):
            raise SchemaUnknown(found=stored.v)
        return stored.identity
