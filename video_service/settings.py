"""Everything that an operator can set, in one frozen class.

The setting `ring_timeout_s` is read from the environment variable `VIDEO_SERVICE_RING_TIMEOUT_S`; `redis_url` from
`REDIS_URL`. `.env.example` is generated from this file (`video-service settings --example`), and a test holds the two
together.

Parts of the service take only what they need: `settings.project(MediaSettings)` fills a smaller dataclass with the
fields of the same names, so that each default is written once for operators: here.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from video_service import turn
from video_service.launch_tokens import read_keys
from video_service.public_holidays import UnknownRegion, check_region
from video_service.settings_text import PREFIX, BadSetting, ClientIceServer, Says, check, read, variable, write
from video_service.web_push import read_sender
from video_service.webhook import read_endpoint

__all__ = ["BadSetting", "ClientIceServer", "Settings", "example", "load", "unknown_variables"]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings:
    """The settings of one process. Build it with `load`, or with keyword arguments in tests."""

    # -- where
    host: Annotated[str, Says("Address that the web node listens on; 0.0.0.0 for every address.")] = "127.0.0.1"
    port: Annotated[int, Says("TCP port of the web node; 0 takes any free one.", low=0, high=65535)] = 8080
    public_url: Annotated[
        str,
        Says("Address that people type, when a proxy stands in front (https://calls.example.org); cookies follow it."),
    ] = ""
    trusted_proxies: Annotated[
        tuple[str, ...], Says("Addresses of proxies whose X-Forwarded-* headers are believed.")
    ] = ()
    tls_cert: Annotated[
        str, Says("PEM file of the certificate for HTTPS by the web node itself; empty is HTTP, for a proxy in front.")
    ] = ""
    tls_key: Annotated[str, Says("PEM file of the key to that certificate.")] = ""
    data_dir: Annotated[Path, Says("Folder for everything that the service keeps on this machine.")] = Path("var")
    redis_url: Annotated[
        str,
        Says(
            "Redis or Valkey that keeps all state, or redis+sentinel://host,host/service; empty starts the embedded "
            "Valkey (`run` only).",
            secret=True,
        ),
    ] = ""
    data_keys: Annotated[
        tuple[str, ...],
        Says(
            "Keys that encrypt names, notes and messages at rest, newest first, commas between several; "
            "`video-service data-key new` makes one. Empty: those in data_keys_file.",
            secret=True,
        ),
    ] = ()
    data_keys_file: Annotated[
        str,
        Says(
            "File with these keys that only its owner can read; empty is `data_keys` in the data folder, which `run` "
            "makes at its first start."
        ),
    ] = ""
    pool: Annotated[str, Says("Name of the pool of agents, queues and workers that this node serves.")] = "main"

    # -- logs
    log_format: Annotated[
        str, Says("Form of log lines: console on a terminal, else JSON.", choices=("auto", "console", "json"))
    ] = "auto"
    log_level: Annotated[
        str, Says("Least severe line that is logged.", choices=("debug", "info", "warning", "error"))
    ] = "info"

    # -- calls
    ring_timeout_s: Annotated[float, Says("How long a call rings at one agent.", unit="s", low=0.05, high=600)] = 20.0
    keep_place_s: Annotated[
        float,
        Says("How long a customer whose page went away keeps the place in the queue.", unit="s", low=0, high=3600),
    ] = 60.0
    kept_place_s: Annotated[
        float,
        Says(
            "How long a customer who asks to keep the place, and closes the page, keeps it; 0: nobody can ask.",
            unit="s",
            low=0,
            high=14_400,
        ),
    ] = 3600.0
    callback_slot_minutes: Annotated[
        int, Says("Length of the times for which callbacks are booked; 0: none are.", unit="min", low=0, high=240)
    ] = 30
    callback_days_ahead: Annotated[
        int, Says("How many days ahead callbacks are booked.", unit="days", low=1, high=14)
    ] = 3
    callback_share: Annotated[
        float, Says("How much of the agents' time may be booked for callbacks, as a share.", low=0.05, high=1)
    ] = 0.5
    call_back_s: Annotated[
        float,
        Says(
            "How long a customer whom an agent calls back may answer, by the page or a link.",
            unit="s",
            low=60,
            high=14_400,
        ),
    ] = 1800.0
    call_back_window_s: Annotated[
        float,
        Says(
            "How long whoever answers waits for that agent before anybody takes the call.", unit="s", low=0, high=3600
        ),
    ] = 300.0
    watch_answer_s: Annotated[
        float,
        Says(
            "How long a customer is asked whether a coordinator may look on; then the answer is no.",
            unit="s",
            low=5,
            high=600,
        ),
    ] = 60.0
    agent_return_s: Annotated[
        float, Says("How long a call waits for an agent whose page went away.", unit="s", low=0, high=3600)
    ] = 10.0
    customer_return_s: Annotated[
        float, Says("How long a call waits for a customer whose page went away.", unit="s", low=0, high=3600)
    ] = 30.0
    nobody_left_s: Annotated[
        float,
        Says(
            "How long a call waits when nobody on shift could take it any more; then it closes.",
            unit="s",
            low=0,
            high=3600,
        ),
    ] = 120.0
    ask_again_s: Annotated[
        float,
        Says(
            "After how long a call that everybody declined is offered to all of them anew.", unit="s", low=1, high=3600
        ),
    ] = 60.0
    age_after_s: Annotated[
        float,
        Says(
            "For each such time of waiting a call counts one class higher, never as urgent.",
            unit="s",
            low=1,
            high=86_400,
        ),
    ] = 300.0
    last_agent_window_s: Annotated[
        float,
        Says("How long a call goes to the customer's last agent first, who is waited for.", unit="s", low=0, high=600),
    ] = 30.0
    vip_first: Annotated[
        bool, Says("Whether customers whom the host application calls VIP go before others, after urgent calls.")
    ] = False
    missed_limit: Annotated[int, Says("Missed calls in a row that set an agent away.", low=1, high=100)] = 3
    after_call_limit_s: Annotated[
        float, Says("Work after a call ends by itself after this time.", unit="s", low=0, high=86_400)
    ] = 600.0
    after_call_warn_s: Annotated[
        float, Says("The agent's page warns of that so long after the call.", unit="s", low=0, high=86_400)
    ] = 480.0
    max_signing_minutes: Annotated[
        float, Says("Signing without a rest after which the agent rests.", unit="min", low=0.01, high=600)
    ] = 25.0
    rest_minutes: Annotated[float, Says("How long that rest is.", unit="min", low=0, high=600)] = 5.0
    max_signing_minutes_a_day: Annotated[
        float,
        Says(
            "Signing in a day after which only urgent calls may ask, until the next day; 0 for no limit.",
            unit="min",
            low=0,
            high=1440,
        ),
    ] = 300.0
    break_guard_s: Annotated[
        float,
        Says("So long before a break of the roster only urgent calls are offered.", unit="s", low=0, high=3600),
    ] = 360.0
    break_wait_limit_s: Annotated[
        float,
        Says("A break that an agent asks for waits no longer than this for cover.", unit="s", low=0, high=86_400),
    ] = 900.0
    service_level_target_s: Annotated[
        float, Says("A call answered within this time counts for the service level.", unit="s", low=1, high=3600)
    ] = 20.0
    service_level_goal_percent: Annotated[
        int, Says("Share of calls that should be answered within that time.", unit="%", low=1, high=100)
    ] = 95
    waiting_limit: Annotated[
        int, Says("Calls that may wait; the next customer is told that the queue is full.", low=1, high=100_000)
    ] = 500
    time_zone: Annotated[str, Says("IANA name of the zone whose midnight begins a day, such as Asia/Shanghai.")] = "UTC"
    holidays_region: Annotated[
        str,
        Says(
            "Whose public holidays and make-up workdays planning knows: an ISO code such as CN, HK or DE-BY; empty for "
            "none."
        ),
    ] = ""
    planning_workers: Annotated[
        str,
        Says(
            "Who makes rosters: none, the web node that is asked in a process of its own; streaq, processes of "
            "`video-service plan-worker`, on any machine.",
            choices=("none", "streaq"),
        ),
    ] = "none"
    record_retention_days: Annotated[
        int, Says("How long session records and past shifts are kept.", unit="days", low=1, high=36_500)
    ] = 90
    rollup_retention_days: Annotated[
        int,
        Says(
            "How long the sums of each quarter hour are kept, which are of nobody and which plans are made from.",
            unit="days",
            low=1,
            high=36_500,
        ),
    ] = 800
    note_retention_days: Annotated[
        int,
        Says(
            "How long what agents note of calls is kept, never longer than its record.", unit="days", low=1, high=36_500
        ),
    ] = 90
    message_retention_days: Annotated[
        int, Says("How long messages that customers leave are kept, done ones too.", unit="days", low=1, high=3650)
    ] = 90
    open_messages_limit: Annotated[
        int,
        Says("Messages that may wait for an answer; the next customer is told to try later.", low=1, high=100_000),
    ] = 5_000
    video_message_days: Annotated[
        int, Says("How long signed messages are kept; 0: none are taken.", unit="days", low=0, high=365)
    ] = 30
    video_message_done_days: Annotated[
        int,
        Says("How long one is kept after it was answered, if that is sooner.", unit="days", low=0, high=365),
    ] = 7
    video_messages_limit_mb: Annotated[
        int, Says("How many megabytes all signed messages may take on the disk.", low=1, high=100_000)
    ] = 5_000
    video_messages_dir: Annotated[
        str,
        Says("Folder of signed messages, encrypted, one for all web nodes. Empty: video-messages in the data folder."),
    ] = ""
    clips_dir: Annotated[
        str,
        Says(
            "Folder with clips that explain the pages in sign language: home.mp4, waiting.mp4, closed.mp4, "
            "consent.mp4, error.mp4, each of which may be absent. Empty: no clips."
        ),
    ] = ""

    # -- people
    guests_allowed: Annotated[
        bool, Says("Whether customers may call without a launch token of a host application: yes or no.")
    ] = True
    launch_keys: Annotated[
        tuple[str, ...],
        Says(
            "Secrets that sign launch tokens, as KID:SECRET with commas between several; each at least 32 random "
            "characters. Empty: no launch tokens.",
            secret=True,
        ),
    ] = ()
    launch_issuer: Annotated[str, Says("The `iss` of launch tokens: who makes them. Needed with launch_keys.")] = ""
    launch_audience: Annotated[str, Says("The `aud` of launch tokens: whom they are for.")] = "video-service"
    webhook_url: Annotated[
        str,
        Says(
            "Address of the host application that is told of a place that is near, a callback and an answer, such as "
            "https://app.example.org/hooks/signing; empty: nothing is told and nothing connects."
        ),
    ] = ""
    webhook_secret: Annotated[
        str,
        Says("Secret that signs those requests: whsec_ and the Base64 of 24 to 64 random bytes.", secret=True),
    ] = ""
    web_push_key: Annotated[
        str,
        Says(
            "Key that signs Web Push messages without content to browsers of customers who ask for them: Base64 for "
            "addresses of 32 random bytes. Empty: none are sent and nothing connects.",
            secret=True,
        ),
    ] = ""
    web_push_contact: Annotated[
        str, Says("How push services reach the operator: mailto:NAME@HOST or https://…; needed with web_push_key.")
    ] = ""
    web_push_hosts: Annotated[
        tuple[str, ...],
        Says("Hosts of push services that may be connected to, such as push.example.org; needed with web_push_key."),
    ] = ()
    launch_max_age_s: Annotated[
        int, Says("Longest life of a launch token, from its iat to its exp.", unit="s", low=10, high=3600)
    ] = 300
    embed_origins: Annotated[
        tuple[str, ...],
        Says("Sites that may show the customer's page in a frame, such as https://www.example.org; empty: none."),
    ] = ()
    sign_in_tries: Annotated[
        int, Says("Wrong sign-ins by one name from one address before a lock-out.", low=1, high=1000)
    ] = 10
    sign_in_lockout_s: Annotated[
        float,
        Says("How long that lock-out is; the time, too, in which those tries count.", unit="s", low=1, high=86_400),
    ] = 300.0
    tickets_per_address: Annotated[
        int, Says("Openings of the customer's page from one address in 10 minutes.", low=1, high=1_000_000)
    ] = 200
    tickets_per_session: Annotated[
        int, Says("Openings of the customer's page by one customer in 10 minutes.", low=1, high=1_000_000)
    ] = 60
    joins_per_session: Annotated[
        int, Says("Times that one customer may join the queue in 10 minutes.", low=1, high=1_000_000)
    ] = 60
    audit_retention_days: Annotated[
        int, Says("How long it is kept who looked at whose data.", unit="days", low=1, high=36_500)
    ] = 180

    # -- media
    ice_servers: Annotated[
        tuple[ClientIceServer, ...],
        Says(
            'STUN and TURN servers for pages, as JSON: [{"urls": ["turn:..."], "username": "", "credential": ""}].',
            secret=True,
        ),
    ] = ()
    turn_urls: Annotated[
        tuple[str, ...],
        Says(
            "Addresses of a TURN server for pages, such as turn:turn.example.org:3478?transport=udp; needs turn_secret."
        ),
    ] = ()
    turn_secret: Annotated[
        str,
        Says(
            "Secret shared with that server (coturn: static-auth-secret); at least 32 random characters.", secret=True
        ),
    ] = ""
    turn_ttl_s: Annotated[
        int, Says("How long a name and password for that server can be used.", unit="s", low=60, high=86_400)
    ] = 3600
    media_workers: Annotated[
        int,
        Says(
            "Media workers that `run` starts; 0 is one per core.",
            low=0,
            high=256,
        ),
    ] = 0
    media_bind: Annotated[
        tuple[str, ...],
        Says("Local addresses for media; empty is every address of the machine, loopback when it has no other."),
    ] = ()
    media_announce: Annotated[str, Says("Address that media candidates carry instead, for a worker behind NAT.")] = ""
    media_ports: Annotated[str, Says("Range of UDP ports for media such as 40000-40199; empty is any.")] = ""
    media_silence_ms: Annotated[
        int, Says("Silence of a client after which its picture counts as interrupted.", unit="ms", low=200, high=60_000)
    ] = 1500
    start_bitrate_kbps: Annotated[
        int, Says("Bitrate at which a picture starts.", unit="kbit/s", low=50, high=20_000)
    ] = 800
    min_bitrate_kbps: Annotated[int, Says("Least bitrate of a picture.", unit="kbit/s", low=30, high=20_000)] = 40
    max_bitrate_kbps: Annotated[int, Says("Greatest bitrate of a picture.", unit="kbit/s", low=50, high=50_000)] = 2000
    capacity: Annotated[
        int | None,
        Says("Blurred pictures that one media worker makes at most; empty leaves it to the worker.", low=1, high=1000),
    ] = None
    weights_dir: Annotated[str, Says("Folder of the networks' weights; empty is `var/weights` beside the program.")] = (
        ""
    )
    segmenter: Annotated[
        str,
        Says("What runs the network that finds the signer; the masks are the same.", choices=("litert", "mediapipe")),
    ] = "litert"

    # -- between web nodes and media workers
    media_listen: Annotated[
        str, Says("HOST:PORT on which a media worker takes orders; empty is a Unix socket, for one machine only.")
    ] = ""
    media_advertise: Annotated[str, Says("HOST:PORT at which web nodes reach this worker; empty is media_listen.")] = ""
    media_token: Annotated[
        str,
        Says(
            "Secret that web nodes show to media workers; at least 32 characters, needed with media_listen.",
            secret=True,
        ),
    ] = ""
    media_tls_cert: Annotated[str, Says("PEM file of a worker's certificate; needed with media_listen.")] = ""
    media_tls_key: Annotated[str, Says("PEM file of the key to that certificate.")] = ""
    media_tls_ca: Annotated[
        str, Says("PEM file of the authority that web nodes trust for workers; empty is the system's.")
    ] = ""
    media_call_timeout_s: Annotated[
        float, Says("Time limit of one order to a media worker.", unit="s", low=0.05, high=60)
    ] = 5.0

    # -- for whoever watches the service
    metrics_token: Annotated[
        str,
        Says(
            "Secret that opens /metrics to other machines; at least 32 characters. Empty: open to this one alone.",
            secret=True,
        ),
    ] = ""
    media_metrics: Annotated[
        str,
        Says("HOST:PORT where a media worker answers GET /metrics; further workers take the next ports; empty is off."),
    ] = ""

    def __post_init__(self) -> None:
        for name, (_, says) in FIELDS.items():
            check(name, says, getattr(self, name))
        _check_together(self)

    def __repr__(self) -> str:
        shown = ((name, "***" if says.secret and value else repr(value)) for name, says, value in self._items())
        return f"Settings({', '.join(f'{name}={text}' for name, text in shown)})"

    def shown(self) -> list[str]:
        """Return the settings as lines of an .env file, secrets hidden."""
        return [
            f"{variable(name)}={'***' if says.secret and value else write(value)}"
            for name, says, value in self._items()
        ]

    def _items(self) -> Iterator[tuple[str, Says, object]]:
        for name, (_, says) in FIELDS.items():
            yield name, says, getattr(self, name)

    def workers_to_start(self) -> int:
        """Return how many media workers `run` starts on this machine."""
        return self.media_workers or os.cpu_count() or 1

    def project(self, kind: type[T]) -> T:
        """Return the dataclass `kind` filled from the fields here that have its fields' names."""
        wanted = [each.name for each in dataclasses.fields(cast(Any, kind)) if each.name in FIELDS]
        return kind(**{name: getattr(self, name) for name in wanted})

    def to_environment(self) -> dict[str, str]:
        """Return the variables that make `load` give these settings again, for a child process."""
        return {variable(name): write(value) for name, _, value in self._items()}


def _declared() -> dict[str, tuple[Any, Says]]:
    """Return the type and the description of every setting, in the order of the class."""
    hints = typing.get_type_hints(Settings, include_extras=True)
    found = {}
    for each in dataclasses.fields(Settings):
        kind, says = typing.get_args(hints[each.name])
        found[each.name] = (kind, says)
    return found


def load(environment: Mapping[str, str] | None = None, **flags: object) -> Settings:
    """Return the settings from `environment` (default: the process's), then from `flags` that are not None.

    Raises:
        BadSetting: a sentence that names the variable and what it may be.
    """
    source = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    for name, (kind, says) in FIELDS.items():
        flag = flags.get(name)
        raw = source.get(variable(name), "").strip()
        if flag is not None:
            values[name] = flag
        elif raw:
            values[name] = read(name, kind, raw, secret=says.secret)
    return Settings(**values)


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Return the `VIDEO_SERVICE_...` names in `environment` that no setting has: most likely typing errors."""
    known = {variable(name) for name in FIELDS}
    return sorted(name for name in environment if name.startswith(PREFIX) and name not in known)


def example() -> str:
    """Return the text of `.env.example`: each setting with its sentence, unit, bounds and default."""
    lines = ["# Settings of the video service, made by `video-service settings --example`. Copy to .env and edit.", ""]
    defaults = {each.name: each.default for each in dataclasses.fields(Settings)}
    for name, (_, says) in FIELDS.items():
        notes = [says.text]
        if says.choices:
            notes.append(f"One of: {', '.join(says.choices)}.")
        if says.bounds():
            notes.append(f"{says.bounds().capitalize()}.")
        lines += [f"# {' '.join(notes)}", f"#{variable(name)}={write(defaults[name])}", ""]
    return "\n".join(lines)


def _check_together(settings: Settings) -> None:
    """Rules that join two settings, or that a number's bounds cannot say."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", settings.pool):
        raise BadSetting("VIDEO_SERVICE_POOL must be small letters, digits and hyphens, at most 32.")
    if any(re.fullmatch(r"[A-Za-z0-9_-]{43}=", key) is None for key in settings.data_keys):
        raise BadSetting(
            "VIDEO_SERVICE_DATA_KEYS: each key has 44 characters, as `video-service data-key new` makes them; commas "
            "between several."
        )
    if not settings.host:
        raise BadSetting("VIDEO_SERVICE_HOST must be an address such as 127.0.0.1 or 0.0.0.0.")
    try:
        ZoneInfo(settings.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadSetting(f"VIDEO_SERVICE_TIME_ZONE: {settings.time_zone!r} is not a time zone known here.") from error
    try:
        check_region(settings.holidays_region)
    except UnknownRegion as error:
        raise BadSetting(f"VIDEO_SERVICE_HOLIDAYS_REGION: {settings.holidays_region!r} is not known here.") from error
    for name, addresses in (("media_bind", settings.media_bind), ("media_announce", (settings.media_announce,))):
        for address in filter(None, addresses):
            try:
                ipaddress.ip_address(address)
            except ValueError as error:
                raise BadSetting(f"{variable(name)}: {address!r} is not an IP address.") from error
    if settings.media_ports:
        match = re.fullmatch(r"(\d{1,5})-(\d{1,5})", settings.media_ports)
        if match is None or not 1024 <= int(match[1]) <= int(match[2]) <= 65535:
            raise BadSetting("VIDEO_SERVICE_MEDIA_PORTS must be a range such as 40000-40199, from 1024 to 65535.")
    if not settings.min_bitrate_kbps <= settings.start_bitrate_kbps <= settings.max_bitrate_kbps:
        raise BadSetting("VIDEO_SERVICE_START_BITRATE_KBPS must lie between the least and the greatest bitrate.")
    for name in ("media_listen", "media_advertise", "media_metrics"):
        value = getattr(settings, name)
        if value and re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\s:]+):\d{1,5}", value) is None:
            raise BadSetting(f"{variable(name)} must be HOST:PORT, not {value!r}.")
    if settings.media_token and len(settings.media_token) < 32:
        raise BadSetting("VIDEO_SERVICE_MEDIA_TOKEN must have at least 32 characters.")
    if settings.metrics_token and len(settings.metrics_token) < 32:
        raise BadSetting("VIDEO_SERVICE_METRICS_TOKEN must have at least 32 characters.")
    if settings.media_listen and not (settings.media_token and settings.media_tls_cert and settings.media_tls_key):
        raise BadSetting(
            "VIDEO_SERVICE_MEDIA_LISTEN needs VIDEO_SERVICE_MEDIA_TOKEN, VIDEO_SERVICE_MEDIA_TLS_CERT and "
            "VIDEO_SERVICE_MEDIA_TLS_KEY: orders between machines travel encrypted."
        )
    _check_turn(settings)
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise BadSetting("VIDEO_SERVICE_TLS_CERT and VIDEO_SERVICE_TLS_KEY go together: both, or neither.")
    read_keys(settings.launch_keys)
    if settings.launch_keys and not settings.launch_issuer:
        raise BadSetting("VIDEO_SERVICE_LAUNCH_KEYS needs VIDEO_SERVICE_LAUNCH_ISSUER: who signs with them.")
    read_endpoint(settings.webhook_url, settings.webhook_secret)
    read_sender(settings.web_push_key, settings.web_push_contact, settings.web_push_hosts)
    if not settings.guests_allowed and not settings.launch_keys:
        raise BadSetting("VIDEO_SERVICE_GUESTS_ALLOWED=no needs VIDEO_SERVICE_LAUNCH_KEYS: else nobody could call.")
    for origin in settings.embed_origins:
        if re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?", origin) is None:
            raise BadSetting(f"VIDEO_SERVICE_EMBED_ORIGINS: {origin!r} is not like https://www.example.org.")
    if settings.public_url and re.fullmatch(r"https?://[^\s/]+", settings.public_url) is None:
        raise BadSetting("VIDEO_SERVICE_PUBLIC_URL must be like https://calls.example.org, without a path.")


def _check_turn(settings: Settings) -> None:
    for url in settings.turn_urls:
        if not turn.is_turn_url(url):
            raise BadSetting(f"VIDEO_SERVICE_TURN_URLS: {url!r} is not like turn:turn.example.org:3478?transport=udp.")
    if bool(settings.turn_urls) != bool(settings.turn_secret):
        raise BadSetting("VIDEO_SERVICE_TURN_URLS and VIDEO_SERVICE_TURN_SECRET go together: both, or neither.")
    if settings.turn_secret and turn.is_weak(settings.turn_secret):
        raise BadSetting(
            "VIDEO_SERVICE_TURN_SECRET can be guessed: it must have at least 32 random characters "
            "(openssl rand -hex 32 makes 64)."
        )


FIELDS = _declared()
