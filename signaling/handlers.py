"""What each message of a page does. A refusal is an answer with a code; it never touches another call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from signaling import messages
from signaling.connection import Connection
from signaling.errors import ConsentNeeded, TooFast
from video_service.consent import CONSENT_VERSION
from video_service.errors import ServiceError
from video_service.media_plane import Shown
from video_service.permissions import may_send
from video_service.real_time_text import Piece

if TYPE_CHECKING:
    from signaling.hub import Hub

log = structlog.get_logger(__name__)

HANDLE_TIMEOUT_S = 8.0


async def handle(hub: Hub, connection: Connection, message: messages.FromPage) -> None:
    """Do what a page asks, or answer why not."""
    name = str(message.__struct_config__.tag)
    if not may_send(connection.identity.role, name):
        connection.post(messages.Error(code="not_allowed", reply_to=name))
        return
    try:
        async with asyncio.timeout(HANDLE_TIMEOUT_S):
            await _act(hub, connection, message)
    except ServiceError as error:
        connection.post(messages.Error(code=error.code, retryable=error.retryable, reply_to=name))
    except Exception:
        log.exception("message_failed", kind=name)
        connection.post(messages.Error(code="internal", retryable=True, reply_to=name))


async def _act(hub: Hub, connection: Connection, message: messages.FromPage) -> None:
    store, person = hub.store, connection.person
    match message:
        case messages.Ping():
            connection.post(messages.Pong(t=message.t))
        case messages.Join():
            identity = connection.identity
            if message.consent != CONSENT_VERSION:
                raise ConsentNeeded
            await store.join(
                person,
                queue=identity.queue or message.queue,
                needs=(*identity.needs, *message.needs),
                urgent=message.urgent or identity.urgent,
                reason=message.reason or identity.reason,
                consent=message.consent,
                locale=identity.locale,
                entry=identity.entry,
                sign_language=identity.sign_language or message.sign_language,
                topic=message.topic,
                context=identity.context,
                vip=identity.vip and identity.verified,
            )
        case messages.Note():
            await store.note(person, message.text)
        case messages.HangUp():
            await store.hang_up(person, message.call)
        case messages.Ready():
            await store.ready(person)
        case messages.Break():
            await store.break_(person)
        case messages.AskBreak():
            await store.ask_break(person, wanted=message.wanted)
        case messages.Accept():
            await store.accept(person, message.call, message.epoch)
        case messages.Decline():
            await store.decline(person, message.call, message.epoch)
        case messages.AnotherSigner():
            await store.another_signer(person, message.call, message.epoch)
        case messages.Hold():
            await store.hold(person, message.call, message.epoch, held=message.held)
        case messages.Transfer():
            await store.transfer(
                person,
                message.call,
                message.epoch,
                to=message.to,
                sign_language=message.sign_language,
                need=message.need,
                note=message.note,
            )
        case messages.Escalate():
            await store.escalate(person, message.call, message.epoch)
        case messages.Invite():
            await store.invite(person, message.call, message.epoch, to=message.to, note=message.note)
        case messages.Disposition():
            await store.disposition(
                person, message.call, outcome=message.outcome, note=message.note, due_in_h=message.due_in_h
            )
        case messages.MediaOffer():
            hub.media.offer(connection, message)
        case messages.PausePicture():
            await store.pause(person, message.paused, by_phone=message.by_phone)
            hub.reports.paused(connection, paused=message.paused)
        case messages.PictureShown():
            shown = Shown(fps=message.fps, freezes=message.freezes, frozen_ms=message.frozen_ms)
            hub.reports.shown(connection, shown)
        case messages.ThisIsMe():
            await hub.media.confirm_signer(person)
        case messages.ChooseBackground():
            await store.choose_background(
                person,
                kind=message.kind,
                strength=message.strength,
                colour=message.colour,
                brighten=message.brighten,
            )
            await hub.media.set_background(person)
        case messages.ShowObject():
            await hub.media.show_object(person, message)
        case messages.Survey():
            await store.survey(person, message.call, solved=message.solved, face=message.face)
        case messages.Say():
            await store.say(person, message.call, message.text, message.line)
        case messages.Typing():
            if not connection.text_pace.take(len(message.text), connection.heard_s):
                raise TooFast
            await store.pass_on(person, message.call, Piece(message.line, message.number, message.text))
        case messages.Watch():
            await store.watch(person, message.call, how=message.how)
        case messages.AllowWatch():
            await store.allow_watch(person, message.call, ask=message.ask, allow=message.allow, picture=message.picture)
        case messages.Voice():
            await store.voice(person, message.call, on=message.on)
        case messages.Coach():
            await store.coach(person, message.call, message.text)
        case messages.CoachRead():
            await store.coach_read(person, message.call, message.seq)
