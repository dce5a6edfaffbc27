from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from video_service.local_ca import AuthorityUnusable, CertificateFiles, LocalAuthority, is_private
from video_service.sockets import FolderOpen

pytestmark = pytest.mark.unit

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "lan"


def handshake(authority: LocalAuthority, files: CertificateFiles, name: str) -> None:
    """Let a client that trusts `authority` meet a server with `files` as `name`, without a network."""
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(files.certificate, files.key)
    client_side = ssl.create_default_context(cafile=str(authority.path))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_side.wrap_bio(to_client, to_server, server_hostname=name)
    server = server_side.wrap_bio(to_server, to_client, server_side=True)
    waiting = [client, server]
    while waiting:
        for side in list(waiting):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(side)


@pytest.mark.parametrize("name", ["192.168.1.20", "fd00::2", "localhost", "desk.local", "127.0.0.1"])
def test_who_trusts_the_authority_trusts_its_certificates(folder: Path, name: str) -> None:
    authority = LocalAuthority(folder)

    handshake(authority, authority.certificate("web", [name]), name)


@pytest.mark.parametrize("name", ["8.8.8.8", "www.example.org", "2001:db8::1"])
def test_its_key_is_of_no_use_for_anything_on_the_internet(folder: Path, name: str) -> None:
    authority = LocalAuthority(folder)

    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        handshake(authority, authority.certificate("web", [name]), name)


def test_a_certificate_is_for_its_names_only(folder: Path) -> None:
    authority = LocalAuthority(folder)

    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        handshake(authority, authority.certificate("web", ["192.168.1.20"]), "192.168.1.21")


def test_one_for_workers_may_name_any_host(folder: Path) -> None:
    authority = LocalAuthority(folder, private_only=False)

    handshake(authority, authority.certificate("media", ["media.example.org"]), "media.example.org")


def test_phones_install_it_once_and_the_certificate_stays_while_it_fits(folder: Path) -> None:
    first = LocalAuthority(folder)
    before = first.certificate("web", ["10.0.0.1"]).certificate.read_bytes()
    again = LocalAuthority(folder)

    assert again.der() == first.der()
    assert again.fingerprint() == first.fingerprint()
    assert again.certificate("web", ["10.0.0.1"]).certificate.read_bytes() == before
    assert again.certificate("web", ["10.0.0.2"]).certificate.read_bytes() != before


def test_a_certificate_is_renewed_a_month_before_it_ends(folder: Path) -> None:
    first = LocalAuthority(folder, now=NOW).certificate("web", ["10.0.0.1"]).certificate.read_bytes()
    kept = LocalAuthority(folder, now=NOW + 59 * DAY).certificate("web", ["10.0.0.1"]).certificate.read_bytes()
    renewed = LocalAuthority(folder, now=NOW + 61 * DAY).certificate("web", ["10.0.0.1"]).certificate.read_bytes()

    assert first == kept != renewed
    life = x509.load_pem_x509_certificate(renewed)
    assert life.not_valid_after_utc - life.not_valid_before_utc < 825 * DAY


def test_a_certificate_without_its_key_is_made_anew(folder: Path) -> None:
    authority = LocalAuthority(folder)
    files = authority.certificate("web", ["10.0.0.1"])
    files.key.write_text("nonsense")

    handshake(authority, authority.certificate("web", ["10.0.0.1"]), "10.0.0.1")


def test_keys_are_for_their_owner_only(folder: Path) -> None:
    files = LocalAuthority(folder).certificate("web", ["10.0.0.1"])

    assert files.key.stat().st_mode & 0o777 == 0o600
    assert (folder / "ca.key.pem").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_what_others_need_is_put_where_the_key_of_the_authority_is_not(folder: Path, tmp_path: Path) -> None:
    authority = LocalAuthority(folder, private_only=False)
    apart, trusted = tmp_path / "worker", tmp_path / "trusted"

    files = authority.certificate("media", ["media"], folder=apart)

    assert {file.name for file in apart.iterdir()} == {"media.pem", "media.key.pem"}
    assert apart.stat().st_mode & 0o777 == 0o700
    assert authority.give_out(trusted).read_bytes() == authority.path.read_bytes()
    assert [file.name for file in trusted.iterdir()] == ["ca.pem"]
    handshake(authority, files, "media")
    before = files.certificate.read_bytes()
    assert authority.certificate("media", ["media"], folder=apart).certificate.read_bytes() == before


def test_a_folder_that_others_may_read_is_refused(folder: Path) -> None:
    folder.mkdir(mode=0o755)

    with pytest.raises(FolderOpen):
        LocalAuthority(folder)


def test_what_is_no_authority_is_a_sentence(folder: Path) -> None:
    LocalAuthority(folder)
    (folder / "ca.key.pem").write_text("nonsense")

    with pytest.raises(AuthorityUnusable, match="no certificate authority that can be read"):
        LocalAuthority(folder)


def test_an_authority_whose_time_has_come_is_a_sentence(folder: Path) -> None:
    LocalAuthority(folder, now=NOW)

    with pytest.raises(AuthorityUnusable, match="ends soon"):
        LocalAuthority(folder, now=NOW + 5 * 365 * DAY - 89 * DAY)


@pytest.mark.parametrize(
    ("address", "private"),
    [("10.1.2.3", True), ("192.168.0.9", True), ("172.32.0.1", False), ("fd12::1", True), ("2001:db8::1", False)],
)
def test_which_addresses_are_private(address: str, private: bool) -> None:
    assert is_private(address) is private
