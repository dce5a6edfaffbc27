"""What every answer carries and every request must show: headers, the Origin check, limits, cookies.

Pages have no inline script or style, so the content policy needs no exception. A request that changes something, and
every WebSocket, must come from a page of this service: the `Origin` header is compared, beside `SameSite=Strict`.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from quart import Quart, Response, current_app, request, websocket
from quart.wrappers import Request, Websocket

from video_service.errors import ServiceError

MAX_BODY_BYTES = 16_384
PICTURE_PATH = "/api/background/picture"
PHOTO_PATH = "/api/photos"
PART_PATH = "/api/video-messages/part"
LONGER_BODIES = {
    "/api/shifts/import": 720_000,
    "/api/hours": 131_072,
    "/api/rosters/duties": 2 << 20,
    "/api/rosters/team": 524_288,
    PICTURE_PATH: 2 << 20,
    PHOTO_PATH: 4 << 20,  # the page makes photos smaller before it sends them, where the browser can
    PART_PATH: 262_144,
}
PICTURE_TYPES = frozenset({"image/png", "image/jpeg", "image/webp"})
BODY_TIMEOUT_S = 10
SLOW_BODY_TIMEOUT_S = 60  # a part of a film, from a phone on a poor line: 35 kbit/s
BYTES_TYPE = "application/octet-stream"
HSTS_S = 31_536_000

SESSION_COOKIE = "vs_session"
GUEST_COOKIE = "vs_guest"

_PUBLIC_URL = "VIDEO_SERVICE_PUBLIC_URL"
_EMBED_ORIGINS = "VIDEO_SERVICE_EMBED_ORIGINS"
# What another site may show in a frame, where a setting names it; and what its page may load from here.
FRAMED = ("/customer/", "/embed/")
LOADED_ELSEWHERE = "/embed/embed.js"
# The one script that is bound by its own answer and by no page's: it shows what it was given, and asks nobody.
WORKER_PATH = "/customer/later/push-worker.js"
_READ_ONLY = frozenset({"GET", "HEAD", "OPTIONS"})
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")

_HEADERS_OF_ALL = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
# What binds documents. A module or style sheet is none, whatever a browser is made to do with it (`nosniff`), and a
# page loads some forty of them, each with a head of its own.
_NO_DOCUMENTS = frozenset({"text/javascript", "text/css"})
_DOCUMENT_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(self), microphone=(self), screen-wake-lock=(self), fullscreen=(self), autoplay=(self), "
        "display-capture=(), geolocation=(), payment=(), usb=(), serial=(), hid=(), midi=()"
    ),
}


class BadHost(ServiceError):
    """The Host header is missing or is no host name."""

    code: ClassVar[str] = "bad_host"


class BadOrigin(ServiceError):
    """The request does not come from a page of this service."""

    code: ClassVar[str] = "bad_origin"


class NotJson(ServiceError):
    """The body has to be JSON, with content type application/json."""

    code: ClassVar[str] = "not_json"


class SizedRequest(Request):
    """A request whose body may be as long as its path allows: MAX_BODY_BYTES, or what LONGER_BODIES says."""

    def __init__(self, method: str, scheme: str, path: str, *more: Any, **limits: Any) -> None:
        if path in LONGER_BODIES:
            limits["max_content_length"] = LONGER_BODIES[path]
        if path == PART_PATH:
            limits["body_timeout"] = SLOW_BODY_TIMEOUT_S
        super().__init__(method, scheme, path, *more, **limits)


def install(app: Quart, *, public_url: str = "", embed_origins: tuple[str, ...] = ()) -> None:
    """Give `app` its limits, and the checks and headers of every request. The others are as in the settings."""
    app.request_class = SizedRequest
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["BODY_TIMEOUT"] = BODY_TIMEOUT_S
    app.config[_PUBLIC_URL] = public_url.rstrip("/").lower()
    app.config[_EMBED_ORIGINS] = embed_origins
    app.before_request(_check_request)
    app.before_websocket(_check_websocket)
    app.after_request(_add_headers)


def is_https(connection: Request | Websocket) -> bool:
    """Return whether the person's browser speaks https to this service, itself or to the proxy in front."""
    return connection.scheme in ("https", "wss") or _public_url().startswith("https://")


def same_origin(connection: Request | Websocket) -> bool:
    """Return whether a request names a page of this service as its origin. Source: RFC 6454, WHATWG Fetch."""
    origin = connection.headers.get("Origin", "").lower()
    scheme = "https" if connection.scheme in ("https", "wss") else "http"
    return bool(origin) and origin in {f"{scheme}://{connection.host.lower()}", _public_url()}


def set_cookie(response: Response, name: str, value: str, *, max_age_s: int) -> None:
    """Set a cookie that no script reads and no other site's page sends."""
    response.set_cookie(
        name, value, max_age=max_age_s, path="/", httponly=True, samesite="Strict", secure=is_https(request)
    )


def set_framed_cookie(response: Response, name: str, value: str, *, max_age_s: int) -> None:
    """Set a cookie as `set_cookie`, one that reaches frames on other sites too where the settings name any.

    A browser keeps such a cookie apart for each site that shows the frame (CHIPS), so no site learns of another, and
    another site's page cannot send the cookie that belongs to this service's own pages. Where that is not known, the
    `Origin` check still refuses every change that another site asks for.
    """
    if not current_app.config[_EMBED_ORIGINS]:
        set_cookie(response, name, value, max_age_s=max_age_s)
        return
    response.set_cookie(
        name, value, max_age=max_age_s, path="/", httponly=True, samesite="None", secure=True, partitioned=True
    )


def clear_cookie(response: Response, name: str) -> None:
    """Take a cookie of `set_cookie` away."""
    response.delete_cookie(name, path="/", httponly=True, samesite="Strict", secure=is_https(request))


def content_policy(host: str, *, https: bool, framed_by: tuple[str, ...] = ()) -> str:
    """Return the Content-Security-Policy for pages at `host`, in frames of `framed_by` only. Source: W3C CSP 3.

    The WebSocket's address is named because older Safari does not count it as 'self'.
    """
    socket = f"{'wss' if https else 'ws'}://{host}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' blob: data:",
            "media-src 'self' blob:",
            "font-src 'self'",
            "manifest-src 'self'",
            f"connect-src 'self' {socket}",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors " + (" ".join(framed_by) or "'none'"),
        )
    )


def _public_url() -> str:
    return str(current_app.config[_PUBLIC_URL])


def _framed_by(path: str) -> tuple[str, ...]:
    origins: tuple[str, ...] = current_app.config[_EMBED_ORIGINS]
    return ("'self'", *origins) if origins and path.startswith(FRAMED) else ()


async def _check_request() -> None:
    if _HOST.fullmatch(request.host) is None:
        raise BadHost
    if request.method in _READ_ONLY:
        return
    if not same_origin(request):
        raise BadOrigin
    # Neither kind is one that a form of another site can send.
    if request.path in (PICTURE_PATH, PHOTO_PATH) and request.mimetype in PICTURE_TYPES:
        return
    if request.path == PART_PATH and request.mimetype == BYTES_TYPE:
        return
    # Without a type there is no body; whoever reads one (`http_input.body`) insists on it.
    if request.mimetype not in ("", "application/json"):
        raise NotJson


async def _check_websocket() -> None:
    if _HOST.fullmatch(websocket.host) is None:
        raise BadHost
    if not same_origin(websocket):
        raise BadOrigin


async def _add_headers(response: Response) -> Response:
    https = is_https(request)
    host = request.host if _HOST.fullmatch(request.host) else "invalid"
    document = response.mimetype not in _NO_DOCUMENTS or request.path == WORKER_PATH
    for name, value in (_HEADERS_OF_ALL | _DOCUMENT_HEADERS if document else _HEADERS_OF_ALL).items():
        response.headers.setdefault(name, value)
    framed_by = _framed_by(request.path)
    if document:
        response.headers.setdefault("Content-Security-Policy", content_policy(host, https=https, framed_by=framed_by))
        if not framed_by:
            response.headers.setdefault("X-Frame-Options", "DENY")  # it knows no list, so it cannot stand beside one
    across = "cross-origin" if request.path == LOADED_ELSEWHERE else "same-origin"
    response.headers.setdefault("Cross-Origin-Resource-Policy", across)
    if https:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={HSTS_S}; includeSubDomains")
    if request.path.startswith("/api/"):
        response.headers["Cache-Control"] = "no-store"
    return response
