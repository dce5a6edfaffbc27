"""The options that the commands of `video-service plan` have in common, each written once.

A command says by `asking` which of them it takes, and gets them as one `Asked`, which knows what they come to.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from scheduler.errors import BadPlan
from scheduler.forecast_models import Forecast
from scheduler.planning import Demand
from video_service.cli_plan_common import days_of, demand_for, keep_forecast, past_of, region_of, zone_of
from video_service.cli_store import AsJson, DataDir
from video_service.plan_source import Past
from video_service.queue_names import MAIN

Own = ParamSpec("Own")


@dataclass(frozen=True)
class Asked:
    """What was asked for: where the past comes from and what is known of the days to plan. A field is an option."""

    csv: Annotated[
        Path | None, typer.Option("--csv", help="Past counts of another system instead of this service's own.")
    ] = None
    queue: Annotated[str, typer.Option(help="The queue to plan for.")] = MAIN
    weeks: Annotated[int, typer.Option(min=1, max=117, help="How much of the past to look at.")] = 26
    calendar: Annotated[
        Path | None, typer.Option("--calendar", help="Days that are different, and campaigns, CSV.", show_default=False)
    ] = None
    holidays: Annotated[
        str | None,
        typer.Option(
            help='Whose public holidays to know: CN, HK, DE-BY ..., or "" for none.', show_default="the service's"
        ),
    ] = None
    first: Annotated[
        str,
        typer.Option("--from", help="First day to plan, such as 2026-03-02.", show_default="the day after the past"),
    ] = ""
    days: Annotated[int, typer.Option("--days", min=1, max=84, help="How many days.")] = 14
    handle_s: Annotated[
        float | None,
        typer.Option(
            "--handle-s", min=1, max=86_400, help="Seconds that a call keeps an agent, where the past does not tell."
        ),
    ] = None
    zone: Annotated[
        str,
        typer.Option("--zone", help="Time zone of a CSV's clock, such as Asia/Shanghai.", show_default="the service's"),
    ] = ""
    as_json: AsJson = False
    data: DataDir = None

    def past(self) -> Past:
        """Return the past that was asked for.

        Raises:
            BadPlan, BadHistory, NoHistory: it cannot be read, there is none, or options do not go together.
        """
        if self.csv is not None and self.queue != MAIN:
            raise BadPlan(
                f"--queue {self.queue} is for the service's own past: a CSV file is of one queue without a name."
            )
        return past_of(self.data, self.csv, self.zone, self.queue, self.weeks)

    def wanted(self, past: Past) -> list[date]:
        """Return the days that were asked for; as `days_of`."""
        return days_of(past, self.first, self.days)

    def demand(self, past: Past, days: Sequence[date], handle_s: float | None = None) -> Demand:
        """Forecast `days`; `handle_s` stands in where no option tells; as `demand_for`."""
        return demand_for(past, self.calendar, self.region, days, self.handle_s if handle_s is None else handle_s)

    @property
    def region(self) -> str:
        """Whose public holidays to know."""
        return region_of(self.data, self.holidays)

    @property
    def zone_name(self) -> str:
        """The time zone that was asked for, or the service's; as `zone_of`."""
        return zone_of(self.data, self.zone).key

    def keep(self, made: Forecast) -> None:
        """Keep a forecast when it was made from the service's own past, to be held against what comes."""
        if self.csv is None:
            keep_forecast(self.data, self.queue, made)


LAST = ("as_json", "data")
PAST = ("csv", "queue", "weeks", "calendar", "holidays", "zone")
AHEAD = ("first", "days")


def asking(*names: str, **defaults: Any) -> Callable[[Callable[Concatenate[Asked, Own], None]], Callable[..., None]]:
    """Let a command take these options, and `--json` and `--data`, beside its own; its first parameter is an `Asked`.

    `defaults`: those that are other than usual here.
    """
    usual = {one.name: one.default for one in fields(Asked)}
    hints = inspect.get_annotations(Asked, eval_str=True)

    def of(command: Callable[Concatenate[Asked, Own], None]) -> Callable[..., None]:
        _, *own = inspect.signature(command, eval_str=True).parameters.values()
        shared = {
            name: inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, annotation=hints[name], default=defaults.get(name, usual[name])
            )
            for name in usual
            if name in (*names, *LAST)
        }
        options = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own]
        ordered = [
            *(one for one in options if one.default is inspect.Parameter.empty),
            *(one for name, one in shared.items() if name not in LAST),
            *(one for one in options if one.default is not inspect.Parameter.empty),
            *(shared[name] for name in LAST),
        ]

        @functools.wraps(command)
        def called(**values: Any) -> None:
            asked = Asked(**(defaults | {name: values.pop(name) for name in shared}))
            command(asked, **values)  # type: ignore[call-arg]

        called.__signature__ = inspect.Signature(ordered)  # type: ignore[attr-defined]
        called.__annotations__ = {one.name: one.annotation for one in ordered}
        return called

    return of
