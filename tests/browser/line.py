"""A line that is open: the real service, somebody on shift who takes calls, and customers when they are wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from playwright.async_api import Browser, BrowserContext, expect

from tests.browser.network import Network, open_network
from tests.browser.people import WATCH, Agent, Coordinator, Customer
from tests.browser.service import Service, run_service

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}
AGENT_CLIP = "dev-milk-over-book"
CUSTOMER_CLIP = "dev-again"

Launch = Callable[..., Awaitable[Browser]]


@dataclass
class Line:
    """A line that is open: the service, and somebody on shift who takes calls. `networks`: those that can be cut."""

    service: Service
    agent: Agent
    coordinator: Coordinator
    new_customer: Callable[..., Awaitable[Customer]]
    networks: dict[str, Network] = field(default_factory=dict)


@asynccontextmanager
async def open_line(
    launch: Launch, *, preview: str = "房间已隐藏", networks: tuple[str, ...] = (), **environment: str
) -> AsyncIterator[Line]:
    """Start the service and bring everybody but the customers to their places, all through the pages.

    `preview` is the word that the agent has to read about the own picture before taking calls. `networks`: whose
    network, "customer" or "agent", the test wants to cut.
    """
    contexts: list[BrowserContext] = []
    async with run_service(**environment) as service, AsyncExitStack() as stack:
        opened_networks = {who: await stack.enter_async_context(open_network(service.url)) for who in networks}
        await service.account("lin", "agent", "林晓")
        await service.account("zhou", "coordinator", "周岚")

        async def context(camera: str, size: dict[str, int], who: str = "") -> BrowserContext:
            browser = await launch(camera)
            opened = await browser.new_context(
                viewport=size,  # type: ignore[arg-type]
                locale="zh-CN",
                timezone_id="Asia/Shanghai",
            )
            await opened.add_init_script(WATCH)
            if who in opened_networks:
                await opened_networks[who].carry(opened)
            contexts.append(opened)
            return opened

        async def new_customer(camera: str = CUSTOMER_CLIP) -> Customer:
            page = await (await context(camera, PHONE, "customer")).new_page()
            await page.goto(f"{url_of('customer')}/customer/")
            return Customer(page)

        def url_of(who: str) -> str:
            return opened_networks[who].url if who in opened_networks else service.url

        desk = await context(AGENT_CLIP, DESK, "agent")
        coordinator = Coordinator(await (await context("refused", DESK)).new_page())
        await coordinator.page.goto(f"{service.url}/coordinator/")
        await coordinator.sign_in("zhou")
        local = await coordinator.page.evaluate("new Date().toLocaleString('sv')")
        await coordinator.roster("林晓", datetime.fromisoformat(local) - timedelta(minutes=1))
        agent = Agent(await desk.new_page())
        await agent.page.goto(f"{url_of('agent')}/agent/")
        await agent.sign_in("lin")
        await expect(agent.page.locator(".preview .pill")).to_have_text(preview, timeout=20_000)
        await agent.take_calls()
        yield Line(service, agent, coordinator, new_customer, opened_networks)
        for opened in contexts:
            await opened.close()
