"""A small certificate authority of one's own: for phones on a private network, and between web nodes and workers.

A phone opens the camera and a secure WebSocket only for a certificate that it trusts, and nobody gives one out for an
address such as 192.168.1.20. So this authority is made once, installed on the phone by its owner, and signs the
certificate of the page. It is held to private addresses by its own certificate: on phones that hold an authority to its
name constraints, a stolen key passes for no site of the Internet.

Source: RFC 5280, sections 4.2.1.9 (basic constraints) and 4.2.1.10 (name constraints); Apple support article 103769
(825 days at most, an extended key usage, names in the alternative-name extension).
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from video_service.errors import ServiceError
from video_service.sockets import private_folder

AUTHORITY_DAYS: Final = 5 * 365
CERTIFICATE_DAYS: Final = 90
WORKER_DAYS: Final = 825
RENEW_DAYS: Final = 30
CLOCK_SKEW: Final = datetime.timedelta(days=1)  # phones' clocks are not always right

PRIVATE_NETWORKS: Final = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8"),
    *("fc00::/7", "fe80::/10", "::1/128"),
)
PRIVATE_DOMAINS: Final = ("localhost", "local", "internal", "home.arpa")


class AuthorityUnusable(ServiceError):
    """The files of the local certificate authority cannot be used; remove their folder to make a new one."""

    code: ClassVar[str] = "authority_unusable"


@dataclass(frozen=True)
class CertificateFiles:
    """Where a certificate (PEM) and its key (PEM, readable by its owner only) are."""

    certificate: Path
    key: Path


class LocalAuthority:
    """The authority whose files are in `folder`; they are made at the first use.

    `private_only`: it is held to private addresses and names, as one must be that people install on their phones.

    Raises:
        FolderOpen: others may look into the folder.
        AuthorityUnusable: what is there is not an authority, or its time has come.
    """

    def __init__(self, folder: Path, *, private_only: bool = True, now: datetime.datetime | None = None) -> None:
        private_folder(folder)
        self.folder = folder
        self.path = folder / "ca.pem"
        self._now = now or datetime.datetime.now(datetime.UTC)
        if not self.path.exists():
            self._make(private_only)
        self._certificate, self._key = self._read()

    def der(self) -> bytes:
        """Return the authority's certificate as phones take it."""
        return self._certificate.public_bytes(serialization.Encoding.DER)

    def give_out(self, folder: Path) -> Path:
        """Put a copy of the authority's certificate into `folder`, for whoever trusts it; return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / self.path.name
        _replace(copy, self._certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)
        return copy

    def fingerprint(self) -> str:
        """Return the certificate's SHA-256 in pairs of hexadecimal digits, as phones show it."""
        return self._certificate.fingerprint(hashes.SHA256()).hex(" ").upper()

    def certificate(
        self, name: str, subjects: Sequence[str], *, days: int = CERTIFICATE_DAYS, folder: Path | None = None
    ) -> CertificateFiles:
        """Return the files `name`.pem and `name`.key.pem: a certificate for these host names and addresses.

        What is there stays while it names the same, is this authority's, and is not about to end. They are in
        `folder`, for whoever shall not come to the authority's key; by default in the authority's own.

        Raises:
            FolderOpen: others may look into `folder`.
        """
        if folder is not None:
            private_folder(folder)
        folder = folder or self.folder
        files = CertificateFiles(folder / f"{name}.pem", folder / f"{name}.key.pem")
        names = [_general_name(subject) for subject in subjects]
        if self._is_current(files, names):
            return files
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            x509.CertificateBuilder()
            # No host name: OpenSSL would hold it against the constraints when no DNS name stands beside it.
            .subject_name(_subject("Sign-language video service"))
            .issuer_name(self._certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - CLOCK_SKEW)
            .not_valid_after(self._now + datetime.timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(_identifier_of_issuer(self._certificate), critical=False)
        )
        _write(files, builder.sign(self._key, hashes.SHA256()), key)
        return files

    def _make(self, private_only: bool) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        # The number tells several installations' authorities apart in a phone's list.
        subject = _subject(f"Sign-language video service {secrets.token_hex(2).upper()} (own network)")
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - CLOCK_SKEW)
            .not_valid_after(self._now + datetime.timedelta(days=AUTHORITY_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(authority=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if private_only:
            builder = builder.add_extension(_private_names(), critical=True)
        _write(CertificateFiles(self.path, self._key_path), builder.sign(key, hashes.SHA256()), key)

    @property
    def _key_path(self) -> Path:
        return self.folder / "ca.key.pem"

    def _read(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        try:
            certificate = x509.load_pem_x509_certificate(self.path.read_bytes())
            key = serialization.load_pem_private_key(self._key_path.read_bytes(), password=None)
        except (OSError, ValueError) as error:
            raise AuthorityUnusable(f"{self.folder} has no certificate authority that can be read.") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise AuthorityUnusable(f"The key in {self.folder} is not its certificate's.")
        if self._now + datetime.timedelta(days=CERTIFICATE_DAYS) > certificate.not_valid_after_utc:
            raise AuthorityUnusable(
                f"The certificate authority in {self.folder} ends soon; remove the folder, start again, and install "
                "the new one on the phones."
            )
        return certificate, key

    def _is_current(self, files: CertificateFiles, names: Sequence[x509.GeneralName]) -> bool:
        try:
            found = x509.load_pem_x509_certificate(files.certificate.read_bytes())
            key = serialization.load_pem_private_key(files.key.read_bytes(), password=None)
            found.verify_directly_issued_by(self._certificate)
            named = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return False
        enough = self._now + datetime.timedelta(days=RENEW_DAYS) < found.not_valid_after_utc
        return enough and set(named) == set(names) and key.public_key() == found.public_key()


def is_private(address: str) -> bool:
    """Return whether an authority that is held to private addresses may name this one."""
    found = ipaddress.ip_address(address)
    return any(found in ipaddress.ip_network(network) for network in PRIVATE_NETWORKS)


def _general_name(subject: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(subject))
    except ValueError:
        return x509.DNSName(subject)


def _private_names() -> x509.NameConstraints:
    permitted: Iterable[x509.GeneralName] = (
        *(x509.IPAddress(ipaddress.ip_network(network)) for network in PRIVATE_NETWORKS),
        *(x509.DNSName(domain) for domain in PRIVATE_DOMAINS),
    )
    return x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None)


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _identifier_of_issuer(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(files: CertificateFiles, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    """Write the key first: a certificate without its key would be taken for a whole pair."""
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for path, data in (
        (files.key, encoded),
        (files.certificate, certificate.public_bytes(serialization.Encoding.PEM)),
    ):
        _replace(path, data, mode=0o600)


def _replace(path: Path, data: bytes, *, mode: int) -> None:
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
    part.replace(path)
