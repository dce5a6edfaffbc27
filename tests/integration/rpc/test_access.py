from __future__ import annotations

import datetime as dt
import ipaddress
import random
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from redis.asyncio import Redis
from websockets.exceptions import InvalidStatus

from media import rpc
from media.plane import RpcMediaPlane
from tests.rpc_worker import TOKEN, RpcWorker, offer, raw, until, within
from video_service.media_plane import (
    LegAnswer,
)

pytestmark = pytest.mark.integration


async def test_a_wrong_token_is_refused(worker: RpcWorker, make_plane: Callable[..., RpcMediaPlane]) -> None:
    for token in ("", "t" * 39, "x" * 40, "Bearer", "é" * 20):
        with pytest.raises(InvalidStatus) as raised:
            await raw(worker, token=token)
        assert raised.value.response.status_code == 401
    assert worker.engine.orders == []

    stranger = make_plane(token="x" * 40)
    await stranger.start()
    await until(lambda: bool(stranger._links))
    assert stranger.workers() == []


async def test_another_version_is_refused(worker: RpcWorker) -> None:
    with pytest.raises(InvalidStatus) as raised:
        await raw(worker, protocol="video-service.media.0")

    assert raised.value.response.status_code == 400


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xc1",
        b"\x80",
        "{}",
        random.Random(1).randbytes(64),
        rpc.encode(rpc.Reply(id=1)),
        rpc.encode(rpc.Request(id=1, limit_ms=1, order=rpc.Statistics())).replace(b"statistics", b"shutdown!!"),
        rpc.encode(rpc.Request(id=1, limit_ms=1, order=rpc.CloseLeg(leg_id="abcd"))).replace(
            b"abcd", b"\xff\xfe\xfd\xfc"
        ),
    ],
)
async def test_an_unreadable_frame_ends_its_connection_only(
    worker: RpcWorker, plane: RpcMediaPlane, frame: bytes | str
) -> None:
    await plane.answer_leg("w-1", offer("a"))
    stranger = await raw(worker)
    await stranger.recv()
    await stranger.send(frame)

    await within(stranger.wait_closed())
    assert stranger.close_code == rpc.CloseCode.BAD_FRAME
    assert worker.engine.orders == [offer("a")]
    assert len(await plane.statistics("w-1")) == 1


async def test_a_frame_that_is_too_large_ends_its_connection_only(worker: RpcWorker, plane: RpcMediaPlane) -> None:
    stranger = await raw(worker)
    await stranger.send(b"\x00" * (rpc.MAX_FRAME_BYTES + 1))

    await within(stranger.wait_closed())
    assert stranger.close_code == 1009
    assert list(await plane.statistics("w-1")) == []


async def test_between_machines_orders_travel_encrypted(
    folder: Path, redis: Redis, pool: str, make_plane: Callable[..., RpcMediaPlane]
) -> None:
    certificate, key = certificate_for_loopback(folder)
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_side.load_cert_chain(certificate, key)
    worker = RpcWorker("w-tls", folder, redis, pool, token=TOKEN)
    await worker.serve_tls(server_side)
    trusting = make_plane(tls=ssl.create_default_context(cafile=str(certificate)))
    doubting = make_plane(tls=ssl.create_default_context())
    try:
        for plane in (trusting, doubting):
            await plane.start()
        await until(lambda: bool(trusting.workers()) and bool(doubting._links))

        assert await trusting.answer_leg("w-tls", offer("a")) == LegAnswer(leg_id="a", sdp="answer to offer")
        assert doubting.workers() == []
    finally:
        await trusting.close()
        await doubting.close()
        await worker.__aexit__()


def certificate_for_loopback(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "worker")])
    now = dt.datetime.now(tz=dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "cert.pem", folder / "key.pem"
    certificate_file.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file
