"""Offers as browsers and others write them, line by line, so that a test can change any of them."""

from __future__ import annotations

from collections.abc import Callable

UFRAG = "f9Xi"
PASSWORD = "nAonRlkaD6jg8kjiyahqYi2u"
FINGERPRINT = ":".join(["F5"] * 32)
TRANSPORT_LINES = (
    "c=IN IP4 192.0.2.2",
    "a=rtcp:9 IN IP4 0.0.0.0",
    "a=candidate:2926851379 1 udp 2122194687 192.0.2.2 53109 typ host generation 0 network-id 1",
    "a=candidate:3501971371 1 tcp 1518214911 192.0.2.2 9 typ host tcptype active generation 0 network-id 1",
    f"a=ice-ufrag:{UFRAG}",
    f"a=ice-pwd:{PASSWORD}",
    "a=ice-options:trickle",
    f"a=fingerprint:sha-256 {FINGERPRINT}",
    "a=setup:actpass",
)
AUDIO_CODECS = (
    "a=rtpmap:111 opus/48000/2",
    "a=rtcp-fb:111 transport-cc",
    "a=fmtp:111 minptime=10;useinbandfec=1",
    "a=rtpmap:63 red/48000/2",
    "a=fmtp:63 111/111",
    "a=rtpmap:0 PCMU/8000",
)
FEEDBACK = ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
VIDEO_FORMATS = {
    96: ("VP8", ""),
    102: ("H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f"),
    104: ("H264", "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f"),
    108: ("H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"),
    114: ("H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f"),
    98: ("VP9", "profile-id=0"),
}


def video_lines(formats: dict[int, tuple[str, str]], rtx: bool = True) -> list[str]:
    lines = []
    for number, (name, parameters) in formats.items():
        lines.append(f"a=rtpmap:{number} {name}/90000")
        lines += [f"a=rtcp-fb:{number} {kind}" for kind in FEEDBACK]
        if parameters:
            lines.append(f"a=fmtp:{number} {parameters}")
        if rtx:
            lines += [f"a=rtpmap:{number + 1} rtx/90000", f"a=fmtp:{number + 1} apt={number}"]
    return [*lines, "a=rtpmap:118 red/90000", "a=rtpmap:119 ulpfec/90000"]


def browser_offer(
    *,
    directions: tuple[str, ...] = ("sendonly", "recvonly", "recvonly", "recvonly"),
    formats: dict[int, tuple[str, str]] | None = None,
    audio: bool = True,
    rtx: bool = True,
    setup: str = "actpass",
    extra_sections: tuple[str, ...] = (),
    change: Callable[[str], str] = lambda text: text,
) -> str:
    """Write an offer as Chromium does: sound, then one video line for each direction."""
    formats = formats if formats is not None else VIDEO_FORMATS
    count = len(directions) + audio
    lines = [
        "v=0",
        "o=- 308491308774903810 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE " + " ".join(str(mid) for mid in range(count)),
        "a=extmap-allow-mixed",
        "a=msid-semantic: WMS",
    ]
    transport = [line.replace("actpass", setup) for line in TRANSPORT_LINES]
    if audio:
        lines += ["m=audio 53109 UDP/TLS/RTP/SAVPF 111 63 0", *transport, "a=mid:0", "a=sendrecv", "a=rtcp-mux"]
        lines += ["a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", *AUDIO_CODECS]
    for index, direction in enumerate(directions):
        numbers = " ".join(str(number) for number in formats)
        lines += [f"m=video 9 UDP/TLS/RTP/SAVPF {numbers}", *transport, f"a=mid:{index + audio}"]
        lines += ["a=extmap:14 urn:ietf:params:rtp-hdrext:toffset"]
        lines += ["a=extmap:2/sendonly http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"]
        lines += [f"a={direction}", "a=rtcp-mux", "a=rtcp-rsize", *video_lines(formats, rtx)]
        if "send" in direction:
            lines += ["a=ssrc-group:FID 111 222", "a=ssrc:111 cname:x", "a=ssrc:222 cname:x"]
    lines += extra_sections
    return change("\r\n".join(lines) + "\r\n")
