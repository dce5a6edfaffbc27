"""The application of a web node: what it consists of, and how it starts and stops.

uvicorn closes every WebSocket at SIGTERM, before `after_serving` is reached; whoever runs the server therefore calls
`drain` first, so that pages hear that they should go elsewhere. `after_serving` drains too, which then finds nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container
from typing import Any, ClassVar, cast

import msgspec
import structlog
from hypercorn.typing import ASGIReceiveCallable, WebsocketScope
from quart import Quart, redirect, websocket
from quart.asgi import ASGIWebsocketConnection
from redis.asyncio import Redis
from redis.exceptions import RedisError
from werkzeug.wrappers import Response as WerkzeugResponse

from media import plane as media_plane
from signaling.errors import Closed, TicketRefused
from signaling.hub import Hub
from signaling.identity_types import Identity
from signaling.messages import AgentView, CustomerView, IceServer
from signaling.policy import Policy
from signaling.store import Store
from video_service import http_errors, http_gate, redis_client, security
from video_service.accounts import Accounts
from video_service.attendance import Attendance
from video_service.audit import Audit
from video_service.background_picture import PictureMaker
from video_service.background_store import BackgroundStore
from video_service.block_list import BlockList
from video_service.calendar_feeds import CalendarFeeds
from video_service.callback_slots import CallbackRules
from video_service.callbacks import Callbacks
from video_service.campaigns import Campaigns
from video_service.cipher import Cipher
from video_service.clock import SystemClock
from video_service.customers import CustomerLimits, Customers
from video_service.data_keys import Canaries, cipher_of
from video_service.day import DayRules
from video_service.door import Door
from video_service.errors import ServiceError
from video_service.http_api import OPEN_CALL, api
from video_service.http_background import background_api
from video_service.http_callbacks import callbacks_api
from video_service.http_coordinator import coordinator_api
from video_service.http_health import METRICS_TOKEN, health
from video_service.http_hours import hours_api
from video_service.http_intraday import intraday_api
from video_service.http_messages import messages_api
from video_service.http_my_shifts import my_shifts_api
from video_service.http_photos import photos_api
from video_service.http_place import place_api
from video_service.http_plan import plan_api
from video_service.http_promises import promises_api
from video_service.http_queues import queues_api
from video_service.http_requests import requests_api
from video_service.http_roster import roster_api
from video_service.http_video_messages import video_messages_api
from video_service.http_web_push import web_push_api
from video_service.intraday import Intraday
from video_service.keep_place import KeptPlaces
from video_service.launch_tokens import LaunchKeys, read_keys
from video_service.left_messages import LeftMessages, MessageRules
from video_service.openapi import openapi_api
from video_service.opening_hours_store import OpeningHours
from video_service.passwords import PasswordCost, Passwords
from video_service.permissions import ENTRANCES
from video_service.plan_input import PlanInput
from video_service.plan_jobs import PlanJobs
from video_service.plan_outlook import Outlooks
from video_service.plan_pool_input import PoolInput
from video_service.plan_queue import PlanSender
from video_service.plan_store import PlanStore
from video_service.promise_watch import PromiseWatch
from video_service.promises import Promises
from video_service.queues import House
from video_service.queues_store import QueueBook
from video_service.rate_limit import Limit, RateLimits
from video_service.records import Records
from video_service.reminders import Reminders
from video_service.roster_desk import RosterDesk
from video_service.roster_store import RosterBook
from video_service.services import ANYBODY, Services, Visitor, provide, provided, services
from video_service.settings import Settings
from video_service.shift_requests_desk import RequestDesk
from video_service.shift_requests_store import RequestBook
from video_service.skill_words import all_skills
from video_service.turn import ClientIce
from video_service.video_messages import VideoMessages, VideoRules
from video_service.video_messages_files import folder_of as video_folder
from video_service.web_push import read_sender
from video_service.web_push_store import WebPush
from video_service.web_sessions import SessionLimits, WebSessions
from video_service.webhook import read_endpoint
from video_service.webhook_outbox import Outbox
from web.blueprint import create_blueprint
from web.pages import PageFacts

log = structlog.get_logger(__name__)

START_TIMEOUT_S = 30.0
START_RETRY_S = 0.5
CLOSE_TIMEOUT_S = 2.0
QUEUED_MESSAGES = 64
JOIN_WINDOW_S = 600.0


class NoStoreAddress(ServiceError):
    """A web node needs REDIS_URL: the address of the Redis or Valkey that keeps its state."""

    code: ClassVar[str] = "no_store_address"


class NoStore(ServiceError):
    """The Redis or Valkey of REDIS_URL does not answer, or refuses; the service cannot start without it."""

    code: ClassVar[str] = "no_store"


class BoundedWebsocket(ASGIWebsocketConnection):
    """A page's socket whose unread messages wait in the network and not in this process's memory."""

    def __init__(self, app: Quart, scope: WebsocketScope) -> None:
        super().__init__(app, scope)
        self.queue: asyncio.Queue[str | bytes] = asyncio.Queue(QUEUED_MESSAGES)

    async def handle_messages(self, receive: ASGIReceiveCallable) -> None:
        """Pass on what the page sends until it is gone. An empty frame is a message like another."""
        while True:
            event: Any = await receive()
            if event["type"] == "websocket.disconnect":
                return
            if event["type"] == "websocket.receive":
                await self.queue.put(event.get("bytes") or event.get("text") or "")


class StaffedStore(Store):
    """The store of calls, which knows no accounts, asked on behalf of people who may have lost theirs meanwhile."""

    def __init__(
        self,
        redis: Redis,
        accounts: Accounts,
        rates: RateLimits,
        *,
        pool: str,
        policy: Policy,
        cipher: Cipher,
        joins: int,
        queues: QueueBook,
        blocks: BlockList,
    ) -> None:
        super().__init__(redis, pool=pool, policy=policy, cipher=cipher)
        self._accounts = accounts
        self._rates = rates
        self._joins = Limit(name="join", burst=joins, window_s=JOIN_WINDOW_S)
        self._queues = queues
        self._blocks = blocks
        self.callbacks: Callbacks | None = None

    async def join(self, customer: str, **wish: Any) -> str:
        """Put a customer in the queue; as `Store`.

        Refused too to whoever joins over and over (TooMany) or is blocked (Blocked), and when it is closed (Closed).
        Who was sent to a queue that is gone joins the main one.
        """
        await self._blocks.check(customer)
        await self._rates.take((self._joins, customer))
        try:
            return await self._join(customer, wish)
        except Closed:
            if self.callbacks is not None:
                await self.callbacks.refused(customer)
            raise

    async def _join(self, customer: str, wish: dict[str, Any]) -> str:
        queue = await self._queues.known(wish["queue"])
        # Whose call is open already comes back to it at any hour, and so does whom an agent calls back.
        comes_back = (await self._view(customer)).state in OPEN_CALL or await self._is_called_back(customer)
        if not comes_back and await self._queues.closed(queue):
            raise Closed
        rules = await self._queues.get(queue)
        # A topic that the queue has not, or has no more, is none: it is no reason not to be served.
        topic = wish.get("topic", "") if rules.topic(wish.get("topic", "")) else ""
        needs = (*wish["needs"], *rules.asked)
        return await super().join(customer, **{**wish, "queue": queue, "needs": needs, "topic": topic})

    async def customer_view(
        self, customer: str, *, alive: Container[str], queue: str = "", needs: tuple[str, ...] = ()
    ) -> CustomerView:
        """Return what a customer sees; as `Store`, and not open outside of the queue's hours."""
        view = await super().customer_view(customer, alive=alive, queue=queue, needs=needs)
        if (view.open or view.urgent_open) and await self._queues.closed(view.queue):
            return msgspec.structs.replace(view, open=False, urgent_open=False)
        return view

    async def agent_view(self, agent: str, *, alive: Container[str]) -> AgentView:
        """Return what an agent's page shows; as `Store`, with what the call's queue and topic are called."""
        view = await super().agent_view(agent, alive=alive)
        named: dict[str, Any] = {}
        for name in ("reservation", "call"):
            if (call := getattr(view, name)) is not None:
                title = await self._queues.title(call.queue)
                topics = await self._queues.topic_titles(call.queue)
                named[name] = msgspec.structs.replace(call, queue_title=title, topic_titles=topics)
        return msgspec.structs.replace(view, **named) if named else view

    async def _is_called_back(self, customer: str) -> bool:
        return bool(await self.redis.exists(self.keys.call_back(customer)))

    async def _view(self, customer: str) -> CustomerView:
        return await super().customer_view(customer, alive=())

    async def tidy(self, *, line_open: bool | None = None) -> int:
        """Look over the open calls; as `Store`, and keep whether a customer who comes now could call."""
        if line_open is None:
            line_open = (await self.customer_view(ANYBODY, alive=())).open
        return await super().tidy(line_open=line_open)

    async def redeem_ticket(self, ticket: str) -> Identity:
        """Use a ticket up; as `Store`, and refused too when the account may no longer do this."""
        return await self._still_welcome(await super().redeem_ticket(ticket))

    async def redeem_resume(self, token: str) -> Identity:
        """Use a resume token up; as `Store`, and refused too when the account may no longer do this."""
        return await self._still_welcome(await super().redeem_resume(token))

    async def _still_welcome(self, identity: Identity) -> Identity:
        if identity.role != "customer":
            account = await self._accounts.of_person(identity.person)
            if account is None or account.disabled or account.role not in ENTRANCES[identity.role]:
                raise TicketRefused
            if account.generation != identity.generation or account.must_change:
                raise TicketRefused
            # A token may be older than the latest change of the account.
            return msgspec.structs.replace(identity, name=account.display_name, skills=all_skills(account))
        return identity


def create_app(settings: Settings, services: Services | None = None) -> Quart:
    """Return the application of a web node.

    Without `services` it opens its own when it starts to serve. Either way they are its own: it closes them.
    """
    app = Quart("video_service", static_folder=None)
    app.config[METRICS_TOKEN] = settings.metrics_token
    app.asgi_websocket_class = BoundedWebsocket
    security.install(app, public_url=settings.public_url, embed_origins=settings.embed_origins)
    http_errors.install(app)
    http_gate.install(app)
    app.register_blueprint(api)
    app.register_blueprint(coordinator_api)
    app.register_blueprint(background_api)
    app.register_blueprint(hours_api)
    app.register_blueprint(queues_api)
    app.register_blueprint(my_shifts_api)
    app.register_blueprint(roster_api)
    app.register_blueprint(requests_api)
    app.register_blueprint(messages_api)
    app.register_blueprint(video_messages_api)
    app.register_blueprint(photos_api)
    app.register_blueprint(place_api)
    app.register_blueprint(web_push_api)
    app.register_blueprint(promises_api)
    app.register_blueprint(callbacks_api)
    app.register_blueprint(plan_api)
    app.register_blueprint(intraday_api)
    app.register_blueprint(openapi_api)
    app.register_blueprint(health)
    app.register_blueprint(create_blueprint(settings.project(PageFacts)))
    app.add_url_rule("/", view_func=_home)
    app.add_websocket("/ws", view_func=_socket)

    @app.before_serving
    async def start() -> None:
        opened = services or await open_services(settings)
        provide(app, opened)
        await opened.hub.start()
        opened.reminders.start()
        opened.attendance.start()
        opened.promise_watch.start()
        opened.videos.start()

    @app.after_serving
    async def stop() -> None:
        await drain(app)
        if (opened := provided(app)) is not None:
            await close_services(opened)

    return app


async def drain(app: Quart, *, whole_service: bool = False) -> None:
    """Send every page elsewhere; with `whole_service` end the calls first and tell the pages. May be called twice."""
    if (opened := provided(app)) is not None:
        await opened.hub.drain(whole_service=whole_service)


async def open_services(settings: Settings, *, password_cost: PasswordCost | None = None) -> Services:
    """Connect to everything that a web node needs. `password_cost` is for tests that sign many people in.

    Raises:
        NoStoreAddress: there is no REDIS_URL.
        NoStore: nobody answers there within `START_TIMEOUT_S`.
        NoDataKeys, BadDataKeys: there are no keys to encrypt with.
        Unreadable: what is stored was encrypted with others.
    """
    if not settings.redis_url:
        raise NoStoreAddress
    cipher = cipher_of(settings)
    redis = redis_client.hot(settings.redis_url)
    clock = SystemClock()
    passwords = Passwords(password_cost)
    accounts = Accounts(redis, pool=settings.pool, passwords=passwords, clock=clock, cipher=cipher)
    rates = RateLimits(redis, pool=settings.pool, cipher=cipher)
    hours = OpeningHours(redis, pool=settings.pool, clock=clock, zone=settings.time_zone)
    policy = settings.project(Policy)
    house = House(
        share_percent=policy.service_level_goal_percent,
        within_s=policy.service_level_target_s,
        proposal_min=round(policy.urgent_proposal_s / 60),
        solution_min=round(policy.urgent_solution_s / 60),
    )
    queues = QueueBook(redis, pool=settings.pool, clock=clock, line=hours, house=house)
    store = StaffedStore(
        redis,
        accounts,
        rates,
        pool=settings.pool,
        policy=policy,
        cipher=cipher,
        joins=settings.joins_per_session,
        queues=queues,
        blocks=BlockList(redis, pool=settings.pool, cipher=cipher, clock=clock),
    )
    try:
        await _load(store)
        await Canaries(redis, pool=settings.pool, cipher=cipher).check()
        await accounts.seal_plain()
        plane = media_plane.from_settings(settings, redis)
        await plane.start()
    except BaseException:
        passwords.close()
        await redis.aclose()
        raise
    store.callbacks = callbacks = Callbacks(
        redis,
        pool=settings.pool,
        cipher=cipher,
        rates=rates,
        clock=clock,
        hours=hours,
        roster=store,
        accounts=accounts.all,
        rules=settings.project(CallbackRules),
        queues=queues,
    )
    asked = RequestBook(redis, pool=settings.pool, clock=clock, retention_days=settings.record_retention_days)
    rosters = RosterDesk(
        RosterBook(redis, pool=settings.pool, clock=clock, retention_days=settings.record_retention_days),
        store,
        accounts,
        clock,
        zone=settings.time_zone,
        requests=asked,
    )
    outbox, endpoint = (
        Outbox(redis, pool=settings.pool, cipher=cipher, clock=clock),
        read_endpoint(settings.webhook_url, settings.webhook_secret),
    )
    promises = Promises(
        redis,
        store,
        pool=settings.pool,
        cipher=cipher,
        clock=clock,
        rates=rates,
        outbox=outbox if endpoint is not None else None,
    )
    source = PlanInput(redis, store, rosters, clock, pool=settings.pool, region=settings.holidays_region)
    attendance = Attendance(redis, store, clock, pool=settings.pool, zone=rosters.zone)
    ice = ClientIce(
        settings.ice_servers,
        turn_urls=settings.turn_urls,
        turn_secret=settings.turn_secret,
        turn_ttl_s=settings.turn_ttl_s,
        now_s=lambda: clock.now_ms() / 1000,
    )

    def ice_servers() -> tuple[IceServer, ...]:
        return tuple(
            IceServer(urls=server.urls, username=server.username, credential=server.credential)
            for server in ice.servers()
        )

    async def issue_ticket(visitor: Visitor) -> str:
        return await store.issue_ticket(
            Identity(
                person=visitor.person,
                role=visitor.entrance,
                name=visitor.name,
                skills=visitor.skills,
                locale=visitor.locale,
                verified=visitor.verified,
                vip=visitor.vip,
                entry=visitor.entry,
                sign_language=visitor.sign_language,
                needs=visitor.needs,
                queue=visitor.queue,
                urgent=visitor.urgent,
                reason=visitor.reason,
                context=visitor.context,
                generation=visitor.generation,
            )
        )

    audit = Audit(redis, pool=settings.pool, clock=clock, retention_days=settings.audit_retention_days)
    pushes = WebPush(
        redis,
        pool=settings.pool,
        cipher=cipher,
        clock=clock,
        rates=rates,
        sender=read_sender(settings.web_push_key, settings.web_push_contact, settings.web_push_hosts),
    )
    return Services(
        redis=redis,
        clock=clock,
        cipher=cipher,
        passwords=passwords,
        accounts=accounts,
        web_sessions=WebSessions(
            redis, accounts, pool=settings.pool, clock=clock, rates=rates, limits=settings.project(SessionLimits)
        ),
        customers=Customers(
            redis,
            pool=settings.pool,
            clock=clock,
            rates=rates,
            cipher=cipher,
            launch_keys=LaunchKeys(
                secrets=read_keys(settings.launch_keys),
                issuer=settings.launch_issuer,
                audience=settings.launch_audience,
                max_age_s=settings.launch_max_age_s,
            ),
            guests_allowed=settings.guests_allowed,
            limits=settings.project(CustomerLimits),
        ),
        audit=audit,
        backgrounds=BackgroundStore(redis, settings.pool, clock),
        picture_maker=PictureMaker(),
        door=Door(redis, pool=settings.pool, clock=clock),
        hours=hours,
        queues=queues,
        calendar_feeds=CalendarFeeds(redis, accounts, rates, pool=settings.pool, clock=clock),
        messages=LeftMessages(
            redis, pool=settings.pool, cipher=cipher, rates=rates, rules=settings.project(MessageRules)
        ),
        videos=VideoMessages(
            redis,
            pool=settings.pool,
            cipher=cipher,
            rates=rates,
            folder=video_folder(settings.video_messages_dir, settings.data_dir),
            rules=settings.project(VideoRules),
        ),
        places=KeptPlaces(redis, pool=settings.pool, cipher=cipher, rates=rates),
        pushes=pushes,
        callbacks=callbacks,
        promises=promises,
        promise_watch=PromiseWatch(
            redis, promises, store, accounts.all, asked, clock, pool=settings.pool, zone=rosters.zone
        ),
        reminders=Reminders(
            redis,
            pool=settings.pool,
            outbox=outbox,
            line=store,
            callbacks=callbacks,
            pushes=pushes,
            clock=clock,
            endpoint=endpoint,
        ),
        rosters=rosters,
        campaigns=Campaigns(redis, pool=settings.pool),
        plan_jobs=PlanJobs(
            PlanStore(redis, pool=settings.pool),
            source,
            rosters,
            send=PlanSender(settings.redis_url, pool=settings.pool) if settings.planning_workers == "streaq" else None,
        ),
        outlooks=Outlooks(redis, source, PoolInput(source, rosters, queues), pool=settings.pool),
        attendance=attendance,
        intraday=Intraday(redis, attendance, source, rosters, store, clock, pool=settings.pool),
        requests=RequestDesk(asked, rosters, store, clock),
        store=store,
        issue_ticket=issue_ticket,
        plane=plane,
        hub=Hub(
            store,
            plane,
            ice_servers=ice_servers,
            ice_renew_s=ice.renew_after_s,
            note_watching=audit.note_watching,
        ),
        records=Records(redis, pool=settings.pool),
        day=settings.project(DayRules),
    )


async def close_services(opened: Services) -> None:
    """Close everything that `open_services` opened, each part whatever became of the others. May be called twice."""
    planning = (opened.plan_jobs.close, opened.outlooks.close, opened.intraday.close, opened.attendance.close)
    watches = (opened.promise_watch.close, opened.reminders.close)
    others = (*watches, opened.hub.close, opened.plane.close, opened.redis.aclose)
    for close in (*planning, opened.videos.close, *others):
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await close()
        except Exception as error:  # noqa: BLE001 - the others still have to be closed
            log.warning("close_incomplete", part=close.__qualname__, error=type(error).__name__)
    opened.passwords.close()


async def _load(store: Store) -> None:
    """Put the scripts on the server, which may be starting at this moment too."""
    told = False
    deadline_s = asyncio.get_running_loop().time() + START_TIMEOUT_S
    while True:
        try:
            await store.load()
            return
        except (ServiceError, RedisError, OSError) as error:
            if asyncio.get_running_loop().time() > deadline_s:
                raise NoStore(reason=type(error).__name__) from error
            if not told:
                log.warning("Redis does not answer yet; trying again", limit_s=START_TIMEOUT_S)
            told = True
        await asyncio.sleep(START_RETRY_S)


async def _home() -> WerkzeugResponse:
    return redirect("/customer/")


async def _socket() -> None:
    await websocket.accept()
    await services().hub.serve(cast(Any, websocket)._get_current_object())
