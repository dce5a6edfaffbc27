"""Queues and topics in the words of whoever reads them: on the customer's page, the agent's, in the queue's form."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser import views
from tests.browser.board import board
from tests.browser.conftest import DESK, OpenPage
from tests.browser.looks import look
from tests.browser.stage import Stage
from tests.browser.steps import screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

RAIL = {"zh-CN": "铁路", "zh-HK": "鐵路", "en": "Rail"}
REFUND = {"zh-CN": "退票", "zh-HK": "退票", "en": "Refund"}
SEAT = {"zh-CN": "换座", "zh-HK": "轉位", "en": "Other seat"}
TOPICS = [{"topic": "refund", "title": REFUND}, {"topic": "seat", "title": SEAT}]
TITLES = {"refund": REFUND, "seat": SEAT}


async def test_one_tap_says_what_it_is_about_and_the_call_can_begin_without(open_page: OpenPage, stage: Stage) -> None:
    stage.service |= {"title": RAIL, "topics": TOPICS, "topic": ""}
    page = await open_page("/customer/")
    await expect(page.get_by_text("铁路", exact=True)).to_be_visible()
    await look(page, "customer-queue-title", themes=True)
    await page.get_by_role("button", name="开始手语视频").click()
    seat = page.get_by_role("button", name="换座")
    await expect(seat).to_have_attribute("aria-pressed", "false")
    await seat.click()
    await expect(seat).to_have_attribute("aria-pressed", "true")
    await look(page, "customer-topics", themes=True)
    await page.get_by_role("button", name="同意，开始排队").click()
    assert (await stage.message("join"))["topic"] == "seat"


async def test_the_topic_of_the_last_call_is_chosen_and_a_tap_takes_it_back_for_good(
    open_page: OpenPage, stage: Stage
) -> None:
    stage.service |= {"topics": TOPICS, "topic": "refund"}
    page = await open_page("/customer/", lang="zh-HK")
    await page.get_by_role("button", name="開始手語視像").click()
    refund = page.get_by_role("button", name="退票")
    await expect(refund).to_have_attribute("aria-pressed", "true")
    await refund.click()
    await expect(refund).to_have_attribute("aria-pressed", "false")
    await page.reload()
    await page.get_by_role("button", name="開始手語視像").click()
    await expect(refund).to_have_attribute("aria-pressed", "false")
    await page.locator(".ready-buttons .button-main").first.click()
    assert (await stage.message("join"))["topic"] in ("", "-")


async def test_without_several_queues_and_topics_nothing_is_asked(open_page: OpenPage, stage: Stage) -> None:
    stage.service |= {"title": {}, "topics": [], "topic": ""}
    page = await open_page("/customer/")
    await page.get_by_role("button", name="开始手语视频").click()
    await screen(page, "ready")
    await expect(page.locator(".topics")).to_be_hidden()
    await page.get_by_role("button", name="同意，开始排队").click()
    assert (await stage.message("join"))["topic"] == ""


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh-CN", "铁路 · 退票 · 会写英文、csl9（2级）"),
        ("zh-HK", "鐵路 · 退票"),
        ("en", "Rail · Refund · writes English"),
    ],
)
async def test_an_agent_reads_queue_topic_and_needs_in_words(
    open_page: OpenPage, stage: Stage, lang: str, said: str
) -> None:
    named: dict[str, Any] = {"queue": "rail", "queue_title": RAIL, "topic": "refund", "topic_titles": TITLES}
    named |= {"needs": ("writes_en", "csl9:2"), "note": ""}
    stage.me = {"name": "Lin", "sign_in_name": "lin", "role": "agent"}
    stage.views["agent"] = views.agent("reserved", reservation=views.reservation(**named))
    page = await open_page("/agent/", size=DESK, camera="agent", lang=lang)
    await expect(page.locator(".ring-matter")).to_contain_text(said)
    if lang != "zh-CN":
        return
    await look(page, "agent-ring-queue")
    await stage.show(views.agent("on_call", call=views.agent_call(**named)))
    facts = page.locator(".facts")
    for fact in ("铁路", "退票", "会写英文"):
        await expect(facts).to_contain_text(fact)
    await expect(facts).not_to_contain_text("writes_")


async def test_a_coordinator_gives_a_queue_its_topics_and_agents_what_they_know(
    open_page: OpenPage, stage: Stage
) -> None:
    stage.answers["GET queues"] = (200, views.queues(views.queue("rail", title=RAIL, topics=TOPICS[:1])))
    stage.answers["PUT queues/rail"] = (200, views.queue("rail", title=RAIL, topics=TOPICS))
    page = await board(open_page, stage, "hours")
    await page.locator(".queue-grid").wait_for()
    await page.get_by_role("button", name="铁路").click()
    first = page.get_by_role("group", name="第 1 件事")
    await expect(first.get_by_label("代号（英文）")).to_have_value("refund")
    await page.get_by_role("button", name="加一件事").click()
    second = page.get_by_role("group", name="第 2 件事")
    await second.get_by_label("代号（英文）").fill("seat")
    for n, word in enumerate(SEAT.values(), start=1):
        await second.locator("input").nth(n).fill(word)
    await look(page, "coordinator-queue-topics")
    await page.get_by_role("button", name="保存队列").click()
    await expect(page.get_by_text("已保存：铁路。")).to_be_visible()
    saved = [b for m, path, b in stage.requests if (m, path) == ("PUT", "queues/rail") and "apply" not in b]
    assert [body["topics"] for body in saved] == [TOPICS]


@pytest.mark.parametrize(("topic", "words"), [("refund", REFUND["zh-CN"]), ("no-more", "no-more")])
async def test_a_coordinator_reads_in_a_record_what_it_was_about(
    open_page: OpenPage, stage: Stage, topic: str, words: str
) -> None:
    stage.answers["GET records/c-1"] = (200, views.records()[0] | {"topic": topic})
    stage.answers["GET queues"] = (200, views.queues(views.queue("rail", title=RAIL, topics=TOPICS[:1])))
    page = await board(open_page, stage, "records/c-1")
    about = page.locator(".facts dt", has_text="咨询的事").locator("xpath=following-sibling::dd[1]")
    await expect(about).to_have_text(words)
