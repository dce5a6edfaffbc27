"""What a page and the service say of media: the peer connection, the own picture, what stands behind it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from signaling.message_parts import (
    BackgroundKind,
    Colour,
    Epoch,
    Generation,
    Message,
    ObjectBox,
    Sdp,
    ShortId,
)


class MediaOffer(Message, tag="media_offer", frozen=True):
    """An SDP offer: audio sendrecv, video sendonly, video recvonly x3. `generation` numbers the page's offers.

    It needs no ICE candidates, and none follow: the page's own checks lead to the worker.
    `blur`: a customer's room is not to be seen. It holds for this peer connection: another wish is another offer.
    Refused as `blur_full` when there is no room for it; nothing of the picture is shown then.
    """

    generation: Generation
    sdp: Sdp
    blur: bool = False


class PausePicture(Message, tag="pause_picture", frozen=True):
    """The sender paused (or resumed) its own picture; the other page says so instead of "reconnecting".

    `by_phone`: nobody did; the phone took the camera away for a while, as when a phone call comes in.
    """

    paused: bool
    by_phone: bool = False


class PictureShown(Message, tag="picture_shown", frozen=True):
    """What the page presented of the other person's picture in the last second, said while it is in sight."""

    fps: Annotated[int, Meta(ge=0, le=240)]
    freezes: Annotated[int, Meta(ge=0, le=60)] = 0
    frozen_ms: Annotated[int, Meta(ge=0, le=60_000)] = 0


class ThisIsMe(Message, tag="this_is_me", frozen=True):
    """An agent says: the person nearest to my camera now is me. The picture shows that person from here on."""


class ChooseBackground(Message, tag="background", frozen=True):
    """What an agent wants behind the own picture from now on, in this and in later sessions.

    `strength` 1 to 3 is that of the blur; 1 is the weakest there is. `colour` is "#rrggbb". "picture" is the company's;
    where there is none the room is blurred. `brighten` lifts the signer in low light.
    """

    kind: BackgroundKind
    strength: Annotated[int, Meta(ge=1, le=3)] = 2
    colour: Colour = "#3b4a54"
    brighten: bool = False


class ShowObject(Message, tag="show_object", frozen=True):
    """An agent shows what lies in `box`, beside the own figure, for a minute at most; null: not any more.

    `box`: x, y, width and height as shares of the agent's picture as others see it (not mirrored). One that reaches
    outside, or is too large or too small, is refused as `bad_box`.
    """

    call: ShortId
    epoch: Epoch
    box: ObjectBox | None


class MediaAnswer(Message, tag="media_answer", frozen=True):
    """The SDP answer to the offer of the same generation."""

    generation: Generation
    sdp: str
