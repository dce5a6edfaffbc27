"""`run --lan`: the service for the phones of this network, over HTTPS with a certificate of its own authority.

The authority is in `lan` of the data folder and stays the same, so a phone installs it once. Media goes by the same
address as the page.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

import ifaddr

from video_service.errors import ServiceError
from video_service.lan_page import LanPage
from video_service.local_ca import LocalAuthority, is_private
from video_service.ready_text import in_url
from video_service.settings import Settings

FOLDER = "lan"


class NoLanAddress(ServiceError):
    """This machine has no address on a private network; name one with --host."""

    code: ClassVar[str] = "no_lan_address"


class NotPrivate(ServiceError):
    """The address is not on a private network."""

    code: ClassVar[str] = "not_private"


@dataclass(frozen=True)
class Lan:
    """The service on one address of a private network."""

    address: str
    authority: LocalAuthority

    def settings(self, settings: Settings) -> Settings:
        """Return the settings for HTTPS at the address, the certificate made. Their port is the real one."""
        files = self.authority.certificate("web", (self.address, "localhost", "127.0.0.1"))
        return replace(
            settings,
            host=self.address,
            public_url=f"https://{in_url(self.address)}:{settings.port}",
            tls_cert=str(files.certificate),
            tls_key=str(files.key),
            media_bind=settings.media_bind or (self.address,),
        )

    def page(self, settings: Settings) -> LanPage:
        """Return the page at which phones get the authority's certificate."""
        return LanPage(self.authority, host=self.address, service_url=settings.public_url)


def open_lan(settings: Settings, host: str | None) -> Lan:
    """Return the private network's side of the service; `host` is the address to take, None finds one.

    Raises:
        NoLanAddress: there is none.
        NotPrivate: `host` belongs to the Internet, or is no address.
        FolderOpen, AuthorityUnusable: see `LocalAuthority`.
    """
    address = host or choose(default_route_address(), machine_addresses())
    try:
        private = is_private(address)
    except ValueError:
        private = False
    if not private:
        raise NotPrivate(f"--lan is for a private network, and {address} is not an address of one.")
    return Lan(address, LocalAuthority(settings.data_dir.resolve() / FOLDER))


def choose(preferred: str, others: Iterable[str]) -> str:
    """Return the address that phones most likely reach: the default route's if private, else an IPv4 one first.

    Raises:
        NoLanAddress: none is private.
    """
    usable = [
        address
        for address in ((preferred,) if preferred else ()) + tuple(others)
        if is_private(address) and not _is_own_only(address)
    ]
    if not usable:
        raise NoLanAddress
    return usable[0] if usable[0] == preferred else min(usable, key=lambda address: ":" in address)


def default_route_address() -> str:
    """Return the address with which this machine goes out, "" without a route. No packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation (RFC 5737)
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def machine_addresses() -> list[str]:
    """Return every address of this machine."""
    return [
        entry.ip if isinstance(entry.ip, str) else entry.ip[0]
        for adapter in ifaddr.get_adapters()
        for entry in adapter.ips
    ]


def _is_own_only(address: str) -> bool:
    found = ipaddress.ip_address(address)
    return found.is_loopback or found.is_link_local
