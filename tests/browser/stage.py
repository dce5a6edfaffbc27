"""A scripted service for page-state tests: the real pages, headers and messages, with a test in place of the service.

For how pages look and what they do with a view. Whether a call works is shown against the real service (test_call.py).
"""

from __future__ import annotations

import asyncio
import fractions
import secrets
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import av
import msgspec
import uvicorn
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.sdp import candidate_from_sdp
from quart import Quart, Response, jsonify, request, websocket
from uvicorn.protocols.utils import ClientDisconnected

from signaling import messages
from signaling.messages import ToPage
from tests.browser.cameras import Picture
from video_service import http_errors, security
from video_service.tasks import cancel_and_wait
from web.blueprint import create_blueprint

WAIT_S = 30.0
# Peers encode on the loop that answers pings: on a slow machine a page with short beats took the stage for gone.
PATIENT_HEARTBEAT_S = 10


class LoopingPictures(MediaStreamTrack):
    """Pictures over and over at 30 a second, as the service would send them."""

    kind = "video"

    def __init__(self, pictures: list[Picture]) -> None:
        super().__init__()
        self._frames = [av.VideoFrame.from_ndarray(picture, format="bgr24") for picture in pictures]
        self._count = 0
        self._start_s = 0.0

    async def recv(self) -> av.VideoFrame:
        loop = asyncio.get_running_loop()
        self._start_s = self._start_s or loop.time()
        await asyncio.sleep(max(0.0, self._start_s + self._count / 30 - loop.time()))
        frame = self._frames[self._count % len(self._frames)]
        frame.pts, frame.time_base = self._count * 3000, fractions.Fraction(1, 90_000)
        self._count += 1
        return frame


@dataclass
class PageSocket:
    """One page's socket as the stage sees it."""

    role: str
    send: Any
    close: Any


@dataclass
class Stage:
    """What the service says, as a test wishes. `heard` holds every message of every page."""

    url: str
    service: dict[str, Any] = field(default_factory=lambda: {"open": True, "agents_on": 2, "hours": None})
    me: dict[str, Any] | None = None
    answers: dict[str, tuple[int, Any]] = field(
        default_factory=lambda: {"GET my/promises": (200, {"promises": [], "matters": []})}
    )
    views: dict[str, ToPage] = field(default_factory=dict)
    heard: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    sockets: list[PageSocket] = field(default_factory=list)
    pictures: dict[int, list[Picture]] = field(default_factory=dict)
    peers: list[RTCPeerConnection] = field(default_factory=list)
    watchers: list[asyncio.Task[None]] = field(default_factory=list)
    frames_received: int = 0
    refuse_sockets: bool = False
    mute: bool = False
    heartbeat_s: int = PATIENT_HEARTBEAT_S
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self) -> None:
        self.changed.set()

    async def until(self, what: Any, *, why: str = "") -> Any:
        """Return the first true answer of `what()`, asked again whenever something happened."""
        deadline = time.monotonic() + WAIT_S
        while True:
            if answer := what():
                return answer
            left = deadline - time.monotonic()
            assert left > 0, f"{why or 'nothing'} within {WAIT_S} s; heard {[m['type'] for m in self.heard]}"
            self.changed.clear()
            try:
                await asyncio.wait_for(self.changed.wait(), min(left, 0.2))
            except TimeoutError:
                continue

    async def message(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Wait for a message of a page with these fields."""

        def find() -> dict[str, Any] | None:
            for one in self.heard:
                if one["type"] == kind and all(one.get(name) == value for name, value in fields.items()):
                    return one
            return None

        found: dict[str, Any] = await self.until(find, why=f"{kind} {fields}")
        return found

    async def show(self, view: ToPage) -> None:
        """Send a view to every page of its role, and to each that connects later."""
        role = str(view.__struct_config__.tag).removesuffix("_view")
        self.views[role] = view
        await self.post(view, role)

    async def post(self, message: ToPage, role: str) -> None:
        for page in [page for page in self.sockets if page.role == role]:
            # It may be gone, and not have said so yet.
            with suppress(RuntimeError, ClientDisconnected):
                await page.send(messages.encode(message))

    async def cut(self, code: int = 1012) -> None:
        """Close every socket."""
        for page in list(self.sockets):
            # It was closed already, and its page has not said so yet, or says it just now.
            with suppress(RuntimeError, ClientDisconnected):
                await page.close(code)

    async def reset(self) -> None:
        """Forget everything of the last test."""
        self.refuse_sockets = self.mute = False
        await self.cut(4409)
        await asyncio.gather(*(peer.close() for peer in self.peers))
        await cancel_and_wait(self.watchers)  # the track of a peer that never connected does not end by itself
        fresh = Stage(url=self.url)
        for name in fresh.__dataclass_fields__:
            if name not in ("url", "sockets", "changed"):
                setattr(self, name, getattr(fresh, name))


async def _watch(stage: Stage, track: MediaStreamTrack) -> None:
    with suppress(MediaStreamError):
        while True:
            await track.recv()
            stage.frames_received += 1
            stage.note()


async def _answer_offer(stage: Stage, page: PageSocket, offer: dict[str, Any]) -> None:
    # With its default policy aiortc leaves the later video m-lines on a transport that never connects.
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
    stage.peers.append(pc)
    await pc.setRemoteDescription(RTCSessionDescription(offer["sdp"], "offer"))
    # aiortc begins no checks before it knows a candidate; the page's own checks then tell it where the page is.
    nowhere = candidate_from_sdp("1 1 udp 1 127.0.0.1 9 typ host")
    nowhere.sdpMLineIndex = 0
    await pc.addIceCandidate(nowhere)
    kinds = [transceiver.kind for transceiver in pc.getTransceivers()]
    # An agent's page has one more, in which it sees itself.
    slots = {"customer": (3,), "agent": (4,), "coordinator": (4, 5)}[page.role]  # 5: with the own picture
    assert kinds in [["audio", "video", *["video"] * count] for count in slots], kinds
    camera = pc.getTransceivers()[1].receiver.track
    stage.watchers.append(asyncio.create_task(_watch(stage, camera)))
    for slot, transceiver in enumerate(pc.getTransceivers()[2:]):
        transceiver.direction = "sendonly"
        pictures = stage.pictures.get(slot)
        if pictures:
            transceiver.sender.replaceTrack(LoopingPictures(pictures))
    await pc.setLocalDescription(await pc.createAnswer())
    answer = messages.MediaAnswer(generation=offer["generation"], sdp=pc.localDescription.sdp)
    await page.send(messages.encode(answer))


async def _converse(stage: Stage) -> None:
    await websocket.accept()
    hello = msgspec.json.decode(await websocket.receive())
    stage.heard.append(hello)
    stage.note()
    stage.mute = False
    if stage.refuse_sockets:
        await websocket.close(1012)
        return
    role = stage.tokens.pop(hello.get("ticket") or hello.get("resume") or "", "")
    if not role:
        await websocket.close(4401)
        return
    page = PageSocket(role, websocket._get_current_object().send, websocket._get_current_object().close)  # type: ignore[attr-defined]
    stage.sockets.append(page)
    try:
        resume = secrets.token_urlsafe(24)
        stage.tokens[resume] = role
        await page.send(
            messages.encode(
                messages.Welcome(
                    v=1,
                    role=role,  # type: ignore[arg-type]
                    person="p-1",
                    name="",
                    resume=resume,
                    heartbeat_s=stage.heartbeat_s,
                    server_time_ms=round(time.time() * 1000),
                )
            )
        )
        if role in stage.views:
            await page.send(messages.encode(stage.views[role]))
        while True:
            message = msgspec.json.decode(await websocket.receive())
            # What the pages send is what the service reads: anything else fails here.
            messages.decode(msgspec.json.encode(message))
            if message["type"] == "ping":
                if stage.mute:
                    continue
                await page.send(messages.encode(messages.Pong(t=message["t"])))
                continue
            stage.heard.append(message)
            if message["type"] == "media_offer" and stage.pictures:
                await _answer_offer(stage, page, message)
            stage.note()
    finally:
        stage.sockets.remove(page)
        stage.note()


def _app(stage: Stage) -> Quart:
    app = Quart("stage", static_folder=None)
    security.install(app)
    http_errors.install(app)
    app.register_blueprint(create_blueprint())

    @app.post("/api/ticket")
    async def ticket() -> Response | tuple[Response, int]:
        wish = await request.get_json()
        if stage.refuse_sockets:
            return jsonify({"error": "busy"}), 503
        if wish["as"] != "customer" and stage.me is None:
            return jsonify({"error": "sign_in_first"}), 401
        token = secrets.token_urlsafe(24)
        stage.tokens[token] = wish["as"]
        return jsonify({"ticket": token})

    @app.get("/api/service")
    async def service() -> Response:
        return jsonify(stage.service)

    @app.get("/api/me")
    async def me() -> Response | tuple[Response, int]:
        return jsonify(stage.me) if stage.me else (jsonify({"error": "sign_in_first"}), 401)

    @app.route("/api/<path:rest>", methods=["GET", "POST", "PUT", "DELETE"])
    async def scripted(rest: str) -> Response | tuple[Response, int]:
        body = await request.get_json(silent=True) if request.method in ("POST", "PUT") else None
        stage.requests.append((request.method, rest, body))
        stage.note()
        status, answer = stage.answers.get(f"{request.method} {rest}", (404, {"error": "not_found"}))
        if rest == "sign-in" and status == 200:
            stage.me = answer
        return jsonify(answer), status

    @app.websocket("/ws")
    async def ws() -> None:
        await _converse(stage)

    return app


@asynccontextmanager
async def open_stage() -> AsyncIterator[Stage]:
    """Serve a stage on a free port of this machine."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    stage = Stage(url=f"http://127.0.0.1:{listener.getsockname()[1]}")
    server = _Server(uvicorn.Config(_app(stage), log_level="error", lifespan="off", timeout_graceful_shutdown=1))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield stage
    finally:
        await stage.reset()
        server.should_exit = True
        await running
        listener.close()


class _Server(uvicorn.Server):
    """Signals belong to the test run."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
