"""What a media worker is told when it starts. The values come from `video_service.settings`, which documents each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSettings:
    """The part of the settings that the media engine reads.

    `media_bind`: local addresses that media sockets bind to; empty means every address of the machine, and loopback
    when it has no other. `media_announce`: the address that candidates carry instead of the bound one (a worker behind
    NAT), or empty. `media_ports`: a range of UDP ports such as "40000-40199", or empty for any port.
    `capacity`: blurred legs that a worker takes at most; None lets it measure itself.
    `weights_dir`: folder of the networks' weights; empty is where `media.weights` keeps them.
    """

    media_bind: tuple[str, ...] = ()
    media_announce: str = ""
    media_ports: str = ""
    media_silence_ms: int = 1500
    start_bitrate_kbps: int = 800
    min_bitrate_kbps: int = 40
    max_bitrate_kbps: int = 2000
    capacity: int | None = None
    weights_dir: str = ""

    def port_range(self) -> tuple[int, int] | None:
        """Return the first and last UDP port of `media_ports` (both usable), or None for any port."""
        if not self.media_ports:
            return None
        first, _, last = self.media_ports.partition("-")
        return int(first), int(last)
