"""What a client sees of an error: a code as JSON under /api, a plain page elsewhere, never a traceback."""

from __future__ import annotations

import structlog
from quart import Quart, Response, has_request_context, jsonify, request
from redis.exceptions import RedisError
from werkzeug.exceptions import HTTPException

from video_service.errors import ServiceError

log = structlog.get_logger(__name__)

# Codes of `ServiceError`s that reach the HTTP surface. What is not here is the service's own fault.
STATUS = {
    "bad_account": 400,
    "bad_block": 400,
    "bad_cursor": 400,
    "bad_host": 400,
    "bad_image": 400,
    "bad_origin": 403,
    "bad_push_address": 400,
    "bad_queue_name": 400,
    "bad_request": 400,
    "bad_roster": 400,
    "bad_sign_in": 401,
    "bad_shift_request": 400,
    "bad_time": 400,
    "bad_video": 400,
    "bad_zone": 400,
    "blocked": 403,
    "busy": 503,
    "call_back_gone": 410,
    "called_already": 409,
    "consent_needed": 400,
    "customer_in_call": 409,
    "image_size": 400,
    "in_call": 409,
    "launch_algorithm": 401,
    "launch_early": 401,
    "launch_elsewhere": 401,
    "launch_expired": 401,
    "launch_first": 401,
    "launch_forged": 401,
    "launch_off": 401,
    "launch_too_large": 413,
    "launch_unreadable": 400,
    "launch_used": 401,
    "name_taken": 409,
    "main_queue": 409,
    "message_empty": 400,
    "messages_full": 503,
    "no_background_picture": 404,
    "no_call": 409,
    "no_callbacks": 404,
    "no_matter": 404,
    "no_photo": 404,
    "no_push": 404,
    "no_planner": 409,
    "nobody_able": 409,
    "no_promise": 404,
    "no_such_break": 409,
    "no_such_owner": 409,
    "no_video": 404,
    "no_videos": 404,
    "not_json": 415,
    "not_published": 409,
    "not_yours": 403,
    "own_account": 409,
    "password_change_first": 403,
    "photos_full": 409,
    "place_gone": 410,
    "plan_busy": 409,
    "plan_days": 400,
    "queue_there": 409,
    "queues_full": 409,
    "request_changed": 409,
    "request_over": 409,
    "requests_full": 409,
    "roster_changed": 409,
    "roster_time_skipped": 409,
    "rosters_full": 409,
    "same_password": 400,
    "shift_overlaps": 409,
    "shift_unreadable": 400,
    "sign_in_first": 401,
    "slot_taken": 409,
    "too_many": 429,
    "unknown_account": 404,
    "unknown_agent": 400,
    "unknown_feed": 404,
    "unknown_message": 404,
    "unknown_queue": 404,
    "unknown_record": 404,
    "unknown_request": 404,
    "unknown_roster": 404,
    "urged_already": 409,
    "video_cut_off": 409,
    "video_empty": 400,
    "video_gone": 404,
    "video_size": 400,
    "video_too_long": 400,
    "videos_full": 503,
    "weak_password": 400,
    "wrong_role": 403,
}
HTTP_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    413: "too_large",
    414: "too_large",
    431: "too_large",
}

_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{chinese}</title>
</head>
<body>
<main>
<h1>{chinese}</h1>
<p lang="en">{english}</p>
<p><a href="/customer/">回到首页</a> · <a lang="en" href="/customer/">Home</a></p>
</main>
</body>
</html>
"""
_NOT_FOUND = ("没有这个页面。", "There is no such page.")
_FAILED = ("出错了，请稍后再试。", "Something went wrong. Please try again in a moment.")


def install(app: Quart) -> None:
    """Register the handlers."""
    app.register_error_handler(ServiceError, _service_error)
    app.register_error_handler(RedisError, _store_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _failure)


async def _service_error(error: ServiceError) -> Response:
    status = STATUS.get(error.code, 503 if error.retryable else 500)
    if status >= 500:
        log.warning("request_refused", code=error.code, status=status)
    response = _answer(status, error.code)
    if isinstance(wait_s := error.data.get("retry_after_s"), int):
        response.headers["Retry-After"] = str(wait_s)
    return response


async def _store_error(error: RedisError) -> Response:
    log.warning("store_unavailable", error=type(error).__name__)
    return _answer(503, "store_unavailable")


async def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if error.response is not None or 300 <= status < 400:
        redirect = error.get_response()
        return Response(redirect.get_data(), status, dict(redirect.headers))
    response = _answer(status, HTTP_CODES.get(status, "bad_request" if status < 500 else "internal"))
    allow = dict(error.get_headers()).get("Allow")
    if allow is not None:
        response.headers["Allow"] = allow
    return response


async def _failure(error: Exception) -> Response:
    log.error("request_failed", exc_info=error)  # logged as its kind and place; its words may be what a person wrote
    return _answer(500, "internal")


def _answer(status: int, code: str) -> Response:
    path = request.path if has_request_context() else ""
    if path.startswith("/api/") or not path:  # without a request it is a WebSocket that was refused
        response = jsonify({"error": code})
        response.status_code = status
        return response
    chinese, english = _NOT_FOUND if status == 404 else _FAILED
    return Response(_PAGE.format(chinese=chinese, english=english), status, mimetype="text/html")
