"""The HTTP surface for coordinators: which customers may not call for a while. See docs/http-api.md."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, request

from video_service.block_list import MAX_REASON, MOST_DAYS, BadBlock, Block
from video_service.http_gate import did, looked
from video_service.http_input import body, one_of
from video_service.services import services

blocks_api = Blueprint("blocks", __name__)

_CUSTOMER = re.compile(r"c-[A-Za-z0-9_-]{1,78}")


class BlockWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/blocks."""

    customer: Annotated[str, Meta(max_length=80)]
    reason: Annotated[str, Meta(max_length=MAX_REASON)]
    days: Annotated[int, Meta(ge=1, le=MOST_DAYS)]
    call: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]*\Z")] = ""


@blocks_api.get("/blocks")
async def blocks() -> Response:
    """List the customers who may not call now; of one customer with `?customer=`."""
    customer = request.args.get("customer", "")
    if customer:
        _check(customer)
        await looked(about=customer)
        block = await services().customers.blocks.get(customer)
        found: tuple[Block, ...] = (block,) if block else ()
    else:
        await looked()
        found = await services().customers.blocks.all()
    return _json({"blocks": [await _about(block) for block in found]})


@blocks_api.post("/blocks")
async def block_customer() -> tuple[Response, int]:
    """Block a customer; a call that goes on is not touched."""
    wish = await body(BlockWish)
    account = await one_of()
    _check(wish.customer)
    if not wish.reason.strip():
        raise BadBlock
    await did("block_add", about=wish.customer)
    block = await services().customers.blocks.add(
        wish.customer, reason=wish.reason, days=wish.days, by=account.person, call=wish.call
    )
    return _json(await _about(block)), 201


@blocks_api.delete("/blocks/<customer>")
async def unblock_customer(customer: str) -> Response:
    """Let a customer call again."""
    _check(customer)
    await did("block_remove", about=customer)
    await services().customers.blocks.remove(customer)
    return Response(status=204)


def _check(customer: str) -> None:
    if _CUSTOMER.fullmatch(customer) is None:
        raise BadBlock


async def _about(block: Block) -> dict[str, object]:
    account = await services().accounts.of_person(block.by) if block.by else None
    return {
        "customer": block.customer,
        "since_ms": block.since_ms,
        "until_ms": block.until_ms,
        "by": account.display_name if account else "",
        "reason": block.reason,
        "call": block.call,
    }


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), mimetype="application/json")
