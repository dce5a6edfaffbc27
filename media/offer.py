"""A client's SDP offer, read strictly and within bounds.

Only what the service negotiates is kept; everything else in the text is skipped. Work is linear in the size of the
text and the size is limited, so that no offer can hold up the loop that carries other people's packets.

Source: RFC 8866 (SDP), RFC 9429 (JSEP), RFC 8839 (ICE in SDP), RFC 8843 (BUNDLE).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from video_service.media_plane import BadSdp

MAX_SDP_BYTES: Final = 64 * 1024
MAX_MEDIA: Final = 12
MAX_CODECS: Final = 96
MOST_MESSAGE_BYTES: Final = 65_536  # of a data channel's messages; what a client takes beyond it is never sent

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,32}")
_UFRAG = re.compile(r"[A-Za-z0-9+/=_-]{4,256}")
_PASSWORD = re.compile(r"[A-Za-z0-9+/=_-]{22,256}")
_MEDIA = re.compile(r"m=([a-z]{1,16}) (\d{1,5})(?:/\d+)? ([A-Z/]{1,32}) (.{1,1024})")
_FINGERPRINT = re.compile(r"([A-Za-z0-9-]{1,16}) ((?:[0-9A-Fa-f]{2}:){15,63}[0-9A-Fa-f]{2})")
_DIRECTIONS: Final = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})
_SETUPS: Final = frozenset({"actpass", "active", "passive"})
_FEEDBACK: Final = frozenset({"nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"})


@dataclass(frozen=True, slots=True)
class Codec:
    """One payload type of one m-line. `name` is in capitals; `parameters` is the fmtp line, keys in small letters."""

    payload_type: int
    name: str
    clock_rate: int
    parameters: tuple[tuple[str, str], ...] = ()
    feedback: frozenset[str] = frozenset()

    def parameter(self, key: str, default: str = "") -> str:
        return dict(self.parameters).get(key, default)


@dataclass(frozen=True, slots=True)
class Media:
    """One m-line. `direction` is the client's; `rejected` means that the client itself offers port 0."""

    kind: str
    mid: str
    protocol: str
    formats: str
    direction: str
    codecs: tuple[Codec, ...]
    extensions: tuple[tuple[str, int], ...]
    rejected: bool
    sctp_port: int = 0
    """Of data channels; 0 for other lines."""
    most_bytes: int = 0
    """The largest message that the client takes over them; 0 for any."""

    @property
    def client_sends(self) -> bool:
        return not self.rejected and self.direction in ("sendrecv", "sendonly")

    @property
    def client_receives(self) -> bool:
        return not self.rejected and self.direction in ("sendrecv", "recvonly")


@dataclass(frozen=True, slots=True)
class Offer:
    """What one client offers over its one transport."""

    media: tuple[Media, ...]
    ice_ufrag: str
    ice_password: str
    fingerprints: tuple[tuple[str, str], ...]
    setup: str


class _Section:
    """The lines of one m-section (or of the session part), sorted by attribute."""

    def __init__(self, head: str = "") -> None:
        self.head = head
        self.attributes: dict[str, list[str]] = {}

    def add(self, line: str) -> None:
        name, _, value = line[2:].partition(":")
        self.attributes.setdefault(name, []).append(value)

    def first(self, name: str) -> str | None:
        values = self.attributes.get(name)
        return values[0] if values else None


def parse_offer(text: str) -> Offer:
    """Read an offer.

    Raises:
        BadSdp: it is too large, not SDP, or not one bundled DTLS-SRTP transport.
    """
    if len(text) > MAX_SDP_BYTES:
        raise BadSdp("The session description is too large.", characters=len(text))
    session, sections = _split(text)
    if not sections or len(sections) > MAX_MEDIA:
        raise BadSdp(media_lines=len(sections))
    media = tuple(_media(section) for section in sections)
    mids = [line.mid for line in media]
    if len(set(mids)) != len(mids):
        raise BadSdp("Two media lines have one mid.")
    live = [section for section, line in zip(sections, media, strict=True) if not line.rejected]
    if not live:
        raise BadSdp("Every media line is rejected by its own offer.")
    _check_bundle(session, [line.mid for line in media if not line.rejected])
    for section, line in zip(sections, media, strict=True):
        if not line.rejected and line.kind in ("audio", "video") and "rtcp-mux" not in section.attributes:
            raise BadSdp("A media line has no rtcp-mux.")

    def value(name: str) -> str:
        return live[0].first(name) or session.first(name) or ""

    ufrag, password, setup = value("ice-ufrag"), value("ice-pwd"), value("setup")
    if not _UFRAG.fullmatch(ufrag) or not _PASSWORD.fullmatch(password):
        raise BadSdp("The ICE user name or password is missing or malformed.")
    if setup not in _SETUPS:
        raise BadSdp("The DTLS set-up role is missing or malformed.")
    lines = live[0].attributes.get("fingerprint") or session.attributes.get("fingerprint") or []
    return Offer(media, ufrag, password, _fingerprints(lines), setup)


def _split(text: str) -> tuple[_Section, list[_Section]]:
    session = _Section()
    sections: list[_Section] = []
    lines = text.splitlines()
    if not lines or lines[0].strip() != "v=0":
        raise BadSdp("The text is not a session description.")
    for line in lines:
        if line.startswith("m="):
            sections.append(_Section(line.strip()))
            if len(sections) > MAX_MEDIA:
                break
        elif line.startswith("a="):
            (sections[-1] if sections else session).add(line.strip())
    return session, sections


def _check_bundle(session: _Section, mids: list[str]) -> None:
    for group in session.attributes.get("group", []):
        semantic, *members = group.split()
        if semantic == "BUNDLE" and set(mids) <= set(members):
            return
    if len(mids) > 1:
        raise BadSdp("The media lines are not bundled over one transport.")


def _fingerprints(lines: list[str]) -> tuple[tuple[str, str], ...]:
    found = tuple(match.groups() for line in lines[:8] if (match := _FINGERPRINT.fullmatch(line.strip())))
    if not found:
        raise BadSdp("There is no certificate fingerprint.")
    return tuple((algorithm.lower(), value.upper()) for algorithm, value in found)


def _media(section: _Section) -> Media:
    match = _MEDIA.fullmatch(section.head)
    mid = section.first("mid") or ""
    if match is None or not _TOKEN.fullmatch(mid):
        raise BadSdp("A media line is malformed or has no mid.")
    kind, port, protocol, formats = match.groups()
    direction = next((name for name in section.attributes if name in _DIRECTIONS), "sendrecv")
    sctp_port, most_bytes = _data_channels(section) if (kind, protocol) == ("application", "UDP/DTLS/SCTP") else (0, 0)
    is_rtp = kind in ("audio", "video") and protocol in ("UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/SAVPF")
    return Media(
        kind=kind,
        mid=mid,
        protocol=protocol,
        formats=formats,
        direction=direction,
        codecs=_codecs(section) if is_rtp else (),
        extensions=_extensions(section),
        rejected=int(port) == 0 and "bundle-only" not in section.attributes,
        sctp_port=sctp_port,
        most_bytes=most_bytes,
    )


def _data_channels(section: _Section) -> tuple[int, int]:
    """Return SCTP port and largest message of a line of data channels; 0 stands for any size, Firefox says 1 GiB.

    Source: RFC 8841, sections 5 and 6.
    """
    port, most_bytes = section.first("sctp-port"), section.first("max-message-size")
    found = _int(port) if port is not None else 0
    if found > 65_535:
        raise BadSdp("An SCTP port is out of range.")
    return found, min(_int(most_bytes or "0", digits=20) or MOST_MESSAGE_BYTES, MOST_MESSAGE_BYTES)


def _codecs(section: _Section) -> tuple[Codec, ...]:
    rtpmaps = section.attributes.get("rtpmap", [])
    if len(rtpmaps) > MAX_CODECS:
        raise BadSdp("A media line has too many codecs.", codecs=len(rtpmaps))
    feedback: dict[str, set[str]] = {}
    for line in section.attributes.get("rtcp-fb", []):
        payload_type, _, kind = line.partition(" ")
        if kind in _FEEDBACK:
            feedback.setdefault(payload_type, set()).add(kind)
    parameters: dict[str, str] = {}
    for line in section.attributes.get("fmtp", []):
        payload_type, _, value = line.partition(" ")
        parameters[payload_type] = value
    for_all = feedback.get("*", set())
    codecs = []
    for line in rtpmaps:
        payload_type, _, description = line.partition(" ")
        name, _, rate = description.strip().partition("/")
        number = _int(payload_type)
        if not 0 <= number <= 127 or 72 <= number <= 76:
            raise BadSdp("A payload type is out of range.")
        codecs.append(
            Codec(
                number,
                name.upper(),
                _int(rate.partition("/")[0]),
                _parameters(parameters.get(payload_type, "")),
                frozenset(feedback.get(payload_type, set()) | for_all),
            )
        )
    return tuple(codecs)


def _parameters(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (item.partition("=") for item in text.split(";")[:32] if item.strip())
    return tuple((key.strip().lower(), value.strip()) for key, _, value in pairs)


def _extensions(section: _Section) -> tuple[tuple[str, int], ...]:
    found = []
    for line in section.attributes.get("extmap", [])[:32]:
        number, _, rest = line.partition(" ")
        uri = rest.split(" ", 1)[0]
        number = number.partition("/")[0]
        if number.isascii() and number.isdigit() and 1 <= int(number[:4]) <= 14:
            found.append((uri, int(number)))
    return tuple(found)


def _int(text: str, digits: int = 9) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= digits):
        raise BadSdp("A number in the session description is malformed.")
    return int(text)
