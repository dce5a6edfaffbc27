"""The answer's text.

Source: RFC 8866 (SDP), RFC 9429, section 5.3 (answers), RFC 8839 (ICE), RFC 4588, section 8 (rtx), RFC 5576 (SSRCs).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from media.negotiation import ABS_SEND_TIME, OPUS, TRANSPORT_CC, Choice, Line, Plan
from media.settings import MediaSettings
from media.text_channel import MOST_BYTES, SCTP_PORT

_FORMAT = re.compile(r"[A-Za-z0-9-]{1,32}")


@dataclass(frozen=True, slots=True)
class TransportText:
    """This side's transport: ICE credentials and candidates (attribute text), certificate, DTLS role.

    `address` and `port` are those of the first candidate; `session` is any number that names this description.
    """

    ufrag: str
    password: str
    candidates: Sequence[str]
    fingerprint: tuple[str, str]
    setup: str
    address: str
    port: int
    session: int
    cname: str


def render_answer(plan: Plan, transport: TransportText, settings: MediaSettings) -> str:
    """Write the answer: every candidate is inside, so that nothing has to follow it."""
    live = [line.media.mid for line in plan.lines if not line.rejected]
    lines = [
        "v=0",
        f"o=- {transport.session} 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {' '.join(live)}",
        "a=msid-semantic: WMS *",
    ]
    for line in plan.lines:
        if line.rejected:
            lines += _rejected(line)
        elif line.is_text:
            lines += _text(line, transport)
        else:
            lines += _live(line, transport, settings, takes=line is plan.camera)
    return "\r\n".join(lines) + "\r\n"


def _rejected(line: Line) -> Iterator[str]:
    media = line.media
    first_format = media.formats.split()[0] if media.formats.split() else "0"
    yield f"m={media.kind} 0 {media.protocol} {first_format if _FORMAT.fullmatch(first_format) else '0'}"
    yield "c=IN IP4 0.0.0.0"
    yield f"a=mid:{media.mid}"
    yield "a=inactive"


def _text(line: Line, transport: TransportText) -> Iterator[str]:
    """Source: RFC 8841, sections 4 to 6."""
    yield f"m=application {transport.port} {line.media.protocol} webrtc-datachannel"
    yield f"c=IN {'IP6' if ':' in transport.address else 'IP4'} {transport.address}"
    yield f"a=mid:{line.media.mid}"
    yield from _transport(transport)
    yield f"a=sctp-port:{SCTP_PORT}"
    yield f"a=max-message-size:{MOST_BYTES}"


def _transport(transport: TransportText) -> Iterator[str]:
    yield f"a=ice-ufrag:{transport.ufrag}"
    yield f"a=ice-pwd:{transport.password}"
    yield f"a=fingerprint:{transport.fingerprint[0]} {transport.fingerprint[1]}"
    yield f"a=setup:{transport.setup}"
    for candidate in transport.candidates:
        yield f"a=candidate:{candidate}"
    yield "a=end-of-candidates"


def _live(line: Line, transport: TransportText, settings: MediaSettings, *, takes: bool) -> Iterator[str]:
    media = line.media
    numbers = [
        str(n) for choice in line.choices for n in (choice.payload_type, choice.rtx_payload_type) if n is not None
    ]
    yield f"m={media.kind} {transport.port} {media.protocol} {' '.join(numbers)}"
    yield f"c=IN {'IP6' if ':' in transport.address else 'IP4'} {transport.address}"
    if takes:
        yield f"b=TIAS:{settings.max_bitrate_kbps * 1000}"
    yield f"a=mid:{media.mid}"
    yield f"a={line.direction}"
    yield "a=rtcp-mux"
    yield "a=rtcp-rsize"
    yield from _transport(transport)
    if line.abs_send_time_id:
        yield f"a=extmap:{line.abs_send_time_id} {ABS_SEND_TIME}"
    if line.transport_cc_id:
        yield f"a=extmap:{line.transport_cc_id} {TRANSPORT_CC}"
    # A browser's estimate of what it can receive is not asked for: docs/adr/0002-media-topology.md.
    unwanted = {"transport-cc"} if takes else {"goog-remb"} if line.transport_cc_id else {"goog-remb", "transport-cc"}
    for choice in line.choices:
        yield from _codec(choice, settings, unwanted, hints=takes)
    if line.sends:
        # Every line is a stream of its own: a browser would hold the picture back until late sound had come.
        yield f"a=msid:{line.label} {line.label}"
        yield f"a=ssrc:{line.ssrc} cname:{transport.cname}"


def _codec(choice: Choice, settings: MediaSettings, unwanted: Set[str], *, hints: bool) -> Iterator[str]:
    codec, number = choice.codec, choice.payload_type
    name = "opus" if codec.name == OPUS else codec.name
    yield f"a=rtpmap:{number} {name}/{codec.clock_rate}{'/2' if codec.name == OPUS else ''}"
    for feedback in sorted(codec.feedback - unwanted):
        yield f"a=rtcp-fb:{number} {feedback}"
    parameters = [f"{key}={value}" for key, value in _own_parameters(choice)]
    if hints:
        # Without a start hint Chromium needs 10-20 s to reach its rate.
        parameters.append(f"x-google-start-bitrate={settings.start_bitrate_kbps}")
        parameters.append(f"x-google-min-bitrate={settings.min_bitrate_kbps}")
        parameters.append(f"x-google-max-bitrate={settings.max_bitrate_kbps}")
    if parameters:
        yield f"a=fmtp:{number} {';'.join(parameters)}"
    if choice.rtx_payload_type is not None:
        yield f"a=rtpmap:{choice.rtx_payload_type} rtx/{codec.clock_rate}"
        yield f"a=fmtp:{choice.rtx_payload_type} apt={number}"


def _own_parameters(choice: Choice) -> list[tuple[str, str]]:
    if choice.name == "H264":
        profile = choice.codec.parameter("profile-level-id", "42e01f")
        return [("level-asymmetry-allowed", "1"), ("packetization-mode", "1"), ("profile-level-id", profile)]
    if choice.name == OPUS:
        return [("minptime", "10"), ("useinbandfec", "1")]
    return []
