"""A customer who does not understand the signer: asks for another one, who takes the call with all that was written.

The real service, a customer and two agents at real pages; pictured in var/shots.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import SHOTS
from tests.browser.line import AGENT_CLIP, DESK, Launch, Line, open_line
from tests.browser.people import LIMIT_S, WATCH, Agent, Customer, Person

# Three people in a real call, and each wait for pictures may be long on a machine that is slow.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(360)]

# A line as a whole: one that is still written stands there as well, and has no place in the order yet.
THEIRS = ".line-theirs:not(.line-draft)"
NOTE = "客户习惯另一种手语，航班 CA1234 取消"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def line(launch: Launch) -> AsyncIterator[Line]:
    # The second agent is rung while the first one's page is looked at and pictured.
    async with open_line(launch, VIDEO_SERVICE_RING_TIMEOUT_S="120") as opened:
        await opened.service.account("wang", "agent", "王静")
        SHOTS.mkdir(parents=True, exist_ok=True)
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rostered(line: Line) -> None:
    """The other agent's shift has begun."""
    page = line.coordinator.page
    await page.reload()  # who may be put on shift is asked for when the page begins
    now = datetime.fromisoformat(await page.evaluate("new Date().toLocaleString('sv')"))
    await line.coordinator.roster("王静", now - timedelta(minutes=1))


@pytest_asyncio.fixture(loop_scope="session")
async def second(line: Line, launch: Launch, rostered: None) -> AsyncIterator[Agent]:
    """Another agent, on shift and ready; both have the same camera, as one browser serves them."""
    context = await (await launch(AGENT_CLIP)).new_context(
        viewport=DESK,  # type: ignore[arg-type]
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
    )
    await context.add_init_script(WATCH)
    agent = Agent(await context.new_page())
    await agent.page.goto(f"{line.service.url}/agent/")
    await agent.sign_in("wang")
    await expect(agent.page.locator(".preview .pill")).to_have_text("房间已隐藏", timeout=90_000)
    await agent.take_calls()
    yield agent
    await context.close()


async def meet(line: Line) -> Customer:
    customer = await line.new_customer()
    await customer.begin()
    await line.agent.accept()
    await both_see(customer, line.agent)
    return customer


async def both_see(customer: Customer, agent: Agent) -> None:
    """Both say that they see the other, and new pictures do come."""
    await customer.see_agent(limit_s=90)
    await expect(agent.page.locator(".customer .pill")).to_have_text("画面清楚", timeout=90_000)
    await asyncio.gather(new_pictures(customer, ".stage video"), new_pictures(agent, ".customer video"))


async def new_pictures(person: Person, selector: str) -> None:
    """Wait until a video shows one picture after another."""
    deadline_s = time.monotonic() + LIMIT_S
    while await person.fps(selector, 0.5) <= 0:
        assert time.monotonic() < deadline_s, f"nothing new in {selector}"


async def ask_for_another(customer: Customer) -> None:
    await customer.page.get_by_role("button", name="看不懂", exact=True).click()
    await customer.page.get_by_role("button", name="换一位客服").click()


async def write(customer: Customer, text: str) -> None:
    field = customer.page.get_by_label("写一句话")
    if not await field.is_visible():
        await customer.page.get_by_role("group", name="通话按钮").get_by_role("button", name="打字").click()
    await field.fill(text)
    await field.press("Enter")


async def reads(person: Person, *lines: tuple[str, str, str]) -> None:
    """Wait until the strip holds these lines: whose by program, whose in words, what was written."""
    strip = person.page.locator(".lines")
    await expect(strip.locator("p")).to_have_text([text for _, _, text in lines])
    await expect(strip.locator(".line-who")).to_have_text([name for _, name, _ in lines])
    for number, (who, _, _) in enumerate(lines):
        await expect(strip.locator(".line").nth(number)).to_have_attribute("data-who", who)


async def test_with_one_agent_at_work_the_customer_is_told_and_the_call_goes_on(line: Line) -> None:
    customer = await meet(line)
    await ask_for_another(customer)
    await expect(customer.page.locator(".call-say > span:nth-child(2)")).to_have_text(
        "现在没有别的手语客服。通话继续，也可以打字。"
    )
    await both_see(customer, line.agent)
    await customer.end()
    await line.agent.next_call()
    await customer.page.close()


async def test_a_customer_on_hold_sees_a_card_and_then_the_agent_again(line: Line) -> None:
    customer = await meet(line)
    desk, phone = line.agent.page, customer.page
    await desk.keyboard.press("w")
    await customer.pill("held")
    await expect(phone.locator(".stage")).to_contain_text("林晓去处理一下，会回来的。")
    await expect(phone.locator(".stage video")).not_to_be_visible()
    await expect(desk.locator(".hold-line")).to_contain_text("客户在等")
    await expect(desk.locator(".preview .pill")).to_have_text("没有发送")
    await write(customer, "还在吗")
    await expect(desk.locator(THEIRS)).to_contain_text("还在吗")
    # Both pages begin again, and the hold goes on.
    for page in (phone, desk):
        await page.reload()
        await expect(phone.locator(".pill[data-name='held']")).to_be_visible()
        await expect(desk.locator(".hold-line")).to_be_visible()
    await expect(desk.locator(".customer .pill")).to_have_text("画面清楚", timeout=90_000)
    await new_pictures(line.agent, ".customer video")
    await expect(phone.locator(".stage video")).not_to_be_visible()
    await phone.screenshot(path=SHOTS / "real-hold-customer-sees.png")
    await desk.screenshot(path=SHOTS / "real-hold-agent-sees.png")
    await desk.keyboard.press("w")
    await expect(phone.locator(".stage video")).to_be_visible()
    await both_see(customer, line.agent)
    await customer.end()
    await line.agent.next_call()
    await customer.page.close()


async def test_another_signer_takes_the_call_with_all_that_was_written(line: Line, second: Agent) -> None:
    first = line.agent
    customer = await meet_first(line, second)
    await write(customer, "航班取消了")
    await expect(first.page.locator(THEIRS)).to_contain_text("航班取消了")
    await first.page.keyboard.press("1")
    await reads(customer, ("me", "我", "航班取消了"), ("other", "林晓", "您好，我看到您了。"))

    await ask_for_another(customer)
    await first.state("after_call")
    await expect(first.page.locator(".after-say")).to_have_text("客户想换一位客服，已经为客户排队。")
    await no_picture_of_the_customer(first)
    await first.page.screenshot(path=SHOTS / "real-second-signer-first-sees.png")
    await second.accept()
    await both_see(customer, second)
    await expect(customer.page.get_by_role("heading", name="王静")).to_be_visible()
    await no_picture_of_the_customer(first)

    await reads(second, ("other", "客户", "航班取消了"), ("before", "之前的客服", "您好，我看到您了。"))
    await write(customer, "CA1234")
    await expect(second.page.locator(THEIRS).last).to_contain_text("CA1234")
    await second.page.keyboard.press("2")
    told = (
        ("me", "我", "航班取消了"),
        ("before", "之前的客服", "您好，我看到您了。"),
        ("me", "我", "CA1234"),
        ("other", "王静", "请稍等，我查一下。"),
    )
    await reads(customer, *told)
    await customer.page.screenshot(path=SHOTS / "real-second-signer-customer-sees.png")
    await second.page.screenshot(path=SHOTS / "real-second-signer-second-sees.png")

    # Whoever was left says what it was about, while the call goes on with somebody else.
    await first.page.keyboard.press("3")
    await first.page.keyboard.press("n")
    await first.page.keyboard.type(NOTE)
    await first.page.keyboard.press("Escape")
    await expect(first.page.locator(".after .pill")).to_have_text("已保存")

    await customer.page.reload()
    await both_see(customer, second)
    await reads(customer, *told)
    await reads(first, ("other", "客户", "航班取消了"), ("me", "我", "您好，我看到您了。"))
    await customer.end()
    await second.state("after_call")
    await it_is_on_record(line)
    await first.next_call()


async def test_an_agent_passes_the_call_on_by_name_with_a_line_and_all_that_was_written(
    line: Line, second: Agent
) -> None:
    desk = line.agent.page
    customer = await meet_first(line, second)
    await write(customer, "航班取消了")
    await expect(desk.locator(THEIRS)).to_contain_text("航班取消了")
    await desk.keyboard.press("x")
    await expect(desk.locator(".transfer .phrase-list .button")).to_have_text(["1任何一位（排最前）", "2王静"])
    await desk.get_by_label("告诉下一位（可以不写）").fill("CA1234 改签")
    await desk.keyboard.press("Enter")
    await desk.keyboard.press("2")
    await expect(customer.page.locator(".waiting")).to_contain_text("王静会接着为您服务，请稍等。")
    await expect(second.page.locator(".ring-card")).to_contain_text("林晓 转来。CA1234 改签")
    await second.accept()
    await both_see(customer, second)
    await reads(second, ("other", "客户", "航班取消了"))
    await expect(second.page.locator(".context")).to_contain_text("林晓 · CA1234 改签")
    await expect(customer.page.get_by_role("heading", name="王静")).to_be_visible()
    await expect(desk.locator(".after-say")).to_have_text("您转出了通话，客户排在最前面。")
    await no_picture_of_the_customer(line.agent)
    await customer.end()
    await second.state("after_call")
    await line.agent.next_call()


async def test_a_colleague_comes_in_is_seen_by_all_and_goes_on_alone(line: Line, second: Agent) -> None:
    first = line.agent
    customer = await meet_first(line, second)
    await first.page.keyboard.press("i")
    await expect(first.page.locator(".transfer .phrase-list .button")).to_have_text(["1王静"])
    await first.page.keyboard.press("1")
    await expect(second.page.locator(".ring-card")).to_contain_text("林晓 请您加入通话")
    await second.accept()
    await expect(customer.page.get_by_role("heading", name="林晓、王静")).to_be_visible()
    pictures = customer.page.locator(".call-stage video")
    for number in (0, 1):
        await expect(pictures.nth(number)).to_be_visible()
    for agent, name in ((first, "王静"), (second, "林晓")):
        await expect(agent.page.locator(".others h2:visible")).to_have_text(name)
        await expect(agent.page.locator(".others video:visible")).to_be_visible()
        await expect(agent.page.locator(".customer .pill")).to_have_text("画面清楚", timeout=90_000)
    await customer.page.screenshot(path=SHOTS / "real-two-signers-customer-sees.png")
    await first.page.screenshot(path=SHOTS / "real-two-signers-first-sees.png")
    await write(customer, "好的")
    for agent in (first, second):
        await expect(agent.page.locator(THEIRS)).to_contain_text("好的")
    await first.page.keyboard.press("e")
    await expect(first.page.locator(".after-say")).to_have_text("通话由同事继续。")
    await no_picture_of_the_customer(first)
    await expect(customer.page.get_by_role("heading", name="王静", exact=True)).to_be_visible()
    await both_see(customer, second)
    await customer.end()
    await second.state("after_call")
    await first.next_call()


async def meet_first(line: Line, second: Agent) -> Customer:
    """Bring a customer to the first agent: while the second is on a break there is nobody else to ask."""
    await second.page.keyboard.press("b")
    await second.state("break")
    customer = await meet(line)
    await second.take_calls()
    return customer


async def no_picture_of_the_customer(agent: Agent) -> None:
    await expect(agent.page.locator(".customer")).to_be_hidden()
    await expect(agent.page.locator(".customer video")).to_have_js_property("srcObject", None)


async def it_is_on_record(line: Line) -> None:
    page = line.coordinator.page
    await page.get_by_role("link", name="记录").click()
    await page.locator(".table tbody tr").first.get_by_role("button").click()
    moments = page.locator(".timeline li span:last-child")
    await expect(moments.filter(has_text=re.compile("接听|换一位|结束"))).to_have_text(
        ["林晓 接听", "客户想换一位客服，回到队伍最前面", "王静 接听", "结束：客户结束"]
    )
    await expect(page.locator(".facts")).to_contain_text("转给别处")
    await page.screenshot(path=SHOTS / "real-second-signer-record.png")
