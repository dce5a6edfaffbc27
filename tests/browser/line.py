"""A line that is open: the real service, somebody on shift who takes calls, and customers when they are wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
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
    """A line that is open: the service, and somebody on shift who takes calls. `network`: the agent's, to be cut."""

    service: Service
    agent: Agent
    coordinator: Coordinator
    new_customer: Callable[..., Awaitable[Customer]]
    network: Network | None = None


@asynccontextmanager
async def open_line(
    launch: Launch, *, preview: str = "房间已隐藏", own_network: bool = False, script: str = "", **environment: str
) -> AsyncIterator[Line]:
    """Start the service and bring everybody but the customers to their places, all through the pages.

    `preview` is the word that the agent has to read about the own picture before taking calls. `own_network`: the
    agent's page gets a network that can be cut. `script` runs in every page before its own, but for a customer's with
    another one.
    """
    contexts: list[BrowserContext] = []
    async with run_service(**environment) as service, AsyncExitStack() as stack:
        network = await stack.enter_async_context(open_network(service.url)) if own_network else None
        await service.account("lin", "agent", "林晓")
        await service.account("zhou", "coordinator", "周岚")

        async def context(
            camera: str, size: dict[str, int], network: Network | None = None, script: str = script
        ) -> BrowserContext:
            browser = await launch(camera)
            opened = await browser.new_context(
                viewport=size,  # type: ignore[arg-type]
                locale="zh-CN",
                timezone_id="Asia/Shanghai",
            )
            await opened.add_init_script(WATCH + script)
            if network is not None:
                await network.carry(opened)
            contexts.append(opened)
            return opened

        async def new_customer(
            camera: str = CUSTOMER_CLIP, network: Network | None = None, script: str = script
        ) -> Customer:
            page = await (await context(camera, PHONE, network, script)).new_page()
            await page.goto(f"{network.url if network else service.url}/customer/")
            return Customer(page)

        desk = await context(AGENT_CLIP, DESK, network)
        coordinator = Coordinator(await (await context("refused", DESK)).new_page())
        await coordinator.page.goto(f"{service.url}/coordinator/")
        await coordinator.sign_in("zhou")
        local = await coordinator.page.evaluate("new Date().toLocaleString('sv')")
        await coordinator.roster("林晓", datetime.fromisoformat(local) - timedelta(minutes=1))
        agent = Agent(await desk.new_page())
        await agent.page.goto(f"{network.url if network else service.url}/agent/")
        await agent.sign_in("lin")
        await expect(agent.page.locator(".preview .pill")).to_have_text(preview)
        await agent.take_calls()
        yield Line(service, agent, coordinator, new_customer, network)
        for opened in contexts:
            await opened.close()
