"""A real coturn, set up as docker-compose.yml does, for one test."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from tests.free_ports import free_port
from video_service.local_ca import CertificateFiles

LIMIT_S = 30.0
MISSING = "coturn is not installed; on Debian: apt-get install coturn"


def program() -> str | None:
    """Return the path of coturn's server."""
    return shutil.which("turnserver")


class Coturn:
    """Use `with`. `options` are added to the configuration's lines; `prefix` goes before the command.

    `relay`: it relays from `address`, too; without, `options` say from where. With a `certificate` it speaks TLS.
    """

    def __init__(
        self,
        address: str,
        secret: str,
        *,
        options: Sequence[str] = (),
        prefix: Sequence[str] = (),
        relay: bool = True,
        certificate: CertificateFiles | None = None,
    ) -> None:
        self.address = address
        self.port = free_port()
        self.tls_port = free_port()
        self._certificate = certificate
        self._secret = secret
        self._options = options
        self._relay = relay
        self._prefix = prefix
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="coturn-")

    @property
    def url(self) -> str:
        return f"turn:{self.address}:{self.port}?transport=udp"

    @property
    def urls(self) -> dict[str, str]:
        """The addresses for pages, by the way that they use."""
        return {
            "udp": self.url,
            "tcp": f"turn:{self.address}:{self.port}?transport=tcp",
            "tls": f"turns:{self.address}:{self.tls_port}?transport=tcp",
        }

    def __enter__(self) -> Coturn:
        folder = Path(self._folder.name)
        lines = [
            f"listening-port={self.port}",
            *([f"listening-ip={self.address}", f"relay-ip={self.address}"] if self._relay else []),
            "use-auth-secret",
            f"static-auth-secret={self._secret}",
            "realm=video-service",
            "fingerprint",
            *self._encryption(),
            "no-dtls",
            "no-cli",
            "no-tcp-relay",
            "no-multicast-peers",
            "log-file=stdout",
            "simple-log",
            "verbose",
            f"pidfile={folder}/pid",
            f"userdb={folder}/db",
            *self._options,
        ]
        (folder / "turnserver.conf").write_text("\n".join(lines) + "\n")
        turnserver = program()
        assert turnserver is not None, MISSING
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*self._prefix, turnserver, "-c", str(folder / "turnserver.conf")],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline_s = time.monotonic() + LIMIT_S
        while "Total General servers" not in (said := self.log()):
            assert self._process.poll() is None, said
            assert time.monotonic() < deadline_s, said
            time.sleep(0.02)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(LIMIT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._folder.cleanup()

    def _encryption(self) -> list[str]:
        if self._certificate is None:
            return ["no-tls"]
        certificate, key = self._certificate.certificate, self._certificate.key
        return [f"tls-listening-port={self.tls_port}", f"cert={certificate}", f"pkey={key}"]

    def log(self) -> str:
        """Return what the server has said."""
        return (Path(self._folder.name) / "log").read_text(errors="replace")
