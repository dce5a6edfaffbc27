"""What routes read beside a JSON body, for the OpenAPI document: the query, and bodies that are no JSON."""

from __future__ import annotations

from typing import Any, Final

Parameter = dict[str, Any]


def _query(name: str, *, required: bool = False, **schema: Any) -> Parameter:
    return {"name": name, "in": "query", "required": required, "schema": {"type": "string"} | schema}


def _number(name: str, low: int, high: int) -> Parameter:
    return _query(name, type="integer", minimum=low, maximum=high)


_TIMES: Final = (_query("from", format="date-time"), _query("to", format="date-time"))
_CURSOR: Final = _query("cursor", maxLength=96)
_LANGUAGE: Final = _query("lang", enum=["zh-CN", "zh-HK", "en"])
_QUEUE: Final = _query("queue", maxLength=64)
_FILTERS: Final = (
    _query("agent", pattern="^[A-Za-z0-9_-]{0,64}$"),
    _query("ended", pattern="^[a-z_]{0,32}$"),
    _query("outcome", pattern="^[a-z_]{0,32}$"),
    *(_number(name, 0, 1) for name in ("urgent", "unanswered", "not_solved")),
)

QUERIES: dict[str, tuple[Parameter, ...]] = {
    "GET /api/shifts": _TIMES,
    "GET /api/shifts/template.csv": (_LANGUAGE,),
    "GET /api/hours": (_QUEUE, _LANGUAGE),
    "PUT /api/hours": (_QUEUE, _LANGUAGE),
    "GET /api/messages": (_query("state", enum=["open", "done"]), _number("limit", 1, 200), _CURSOR),
    "GET /api/blocks": (_query("customer", pattern="^c-[A-Za-z0-9_-]{1,78}$"),),
    "GET /api/records": (*_TIMES, _number("limit", 1, 500), _CURSOR, *_FILTERS),
    "GET /api/records.csv": (*_TIMES, *_FILTERS),
    "POST /api/photos": tuple(
        _query(name, required=True, pattern="^[A-Za-z0-9_-]{16,64}$") for name in ("call", "photo")
    ),
    "POST /api/video-messages/part": (
        _query("video", required=True, pattern="^[0-9a-f]{32}$"),
        _number("part", 0, 127),
    ),
}

_PICTURES: Final = ("image/jpeg", "image/png", "image/webp")

RAW_BODIES: dict[str, tuple[str, ...]] = {
    "POST /api/photos": _PICTURES,
    "PUT /api/background/picture": _PICTURES,
    "POST /api/video-messages/part": ("application/octet-stream",),
}
