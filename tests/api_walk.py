"""Requests that schemathesis makes from the service's own description, sent as a page sends them, and judged."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case as AnyCase
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response as Judged
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation as AnyOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fuzzing import BUSY

CHECKS: Final = [status_code_conformance, content_type_conformance, response_schema_conformance]
ENDS_SESSION: Final = ("/api/sign-out", "/api/sign-out-everywhere", "/api/password")
KNOWN_SHARE: Final = 0.6
REQUEST: Final = ("method", "url", "headers", "params", "data", "json", "files")

Case = AnyCase[Any]
Operation = AnyOperation[Any, Any, Any, Any]
Send = Callable[[str, requests.PreparedRequest], Awaitable[tuple[int, dict[str, list[str]], bytes]]]
"""Sends to a path; returns status, headers and body."""


class Walk:
    """Every operation of the description, asked again and again. `known`: what means something now, by its name."""

    def __init__(
        self,
        description: dict[str, Any],
        known: Mapping[str, Sequence[Any]],
        *,
        number: int = 0,
        base_url: str = "http://localhost",
    ) -> None:
        self._base_url = base_url
        self._schema = schemathesis.openapi.from_dict(description)
        self._known = known
        self._number = number
        self._dice = random.Random(number)
        self.statuses: Counter[int] = Counter()
        self.done: Counter[str] = Counter()
        """How often each operation was done, and not refused."""

    def operations(self) -> Iterator[Operation]:
        """Yield every operation; what takes things away comes last, so that others find them."""
        found = []
        for each in self._schema.get_all_operations():
            assert isinstance(each, Ok), each
            found.append(each.ok())
        yield from sorted(found, key=lambda each: (each.method == "delete", each.path.endswith(ENDS_SESSION)))

    def cases(self, operation: Operation, each: int) -> list[Case]:
        """Make requests: some that the description allows, with odd and with known names in the path, and some not."""
        parts = self._known_parts(operation)
        made = _examples(operation.as_strategy(), 1 if parts else each, self._number)
        if parts:
            made += _examples(operation.as_strategy(path_parameters=parts), each, self._number)
        if _can_be_wrong(operation):
            wrong = operation.as_strategy(GenerationMode.NEGATIVE, path_parameters=parts or None)
            made += _examples(wrong, each, self._number)
        return made

    def one(self, operation: Operation) -> list[Case]:
        """Make one request that the description allows, for whoever is refused before anything of it is read."""
        return _examples(operation.as_strategy(path_parameters=self._known_parts(operation) or None), 1, self._number)

    def _known_parts(self, operation: Operation) -> dict[str, Any]:
        names = [part.name for part in operation.path_parameters if part.name in self._known]
        return {name: self._dice.choice(self._known[name]) for name in names}

    async def ask(self, case: Case, send: Send) -> None:
        """Send one request, and judge what comes of it.

        Raises:
            AssertionError: a fault of the service.
            schemathesis.failures.FailureGroup: an answer that the description does not know.
        """
        if isinstance(case.body, dict):
            for name in case.body.keys() & self._known.keys():
                if self._dice.random() < KNOWN_SHARE:
                    case.body[name] = self._dice.choice(self._known[name])
        asked = requests.Request(**self._kwargs(case)).prepare()
        status, headers, said = await send(case.operation.path, asked)
        self.statuses[status] += 1
        if status >= 400:
            refusal = json.loads(said)
            assert refusal["error"], (case.operation.label, asked.body)
            assert status < 500 or refusal["error"] in BUSY, (case.operation.label, asked.url, asked.body, said[:200])
        else:
            self.done[case.operation.label] += 1
        answer = Judged(status, headers, said, asked, elapsed=0.0, verify=False)
        case.validate_response(answer, checks=CHECKS)

    def _kwargs(self, case: Case) -> dict[str, Any]:
        kwargs = case.as_transport_kwargs(base_url=self._base_url)
        return {name: kwargs[name] for name in REQUEST if name in kwargs}


def _can_be_wrong(operation: Operation) -> bool:
    """Whether the description refuses anything; any text is a part of a path, and any bytes may be a picture."""
    bounds = {"minimum", "pattern", "enum", "maxLength"}
    asked = [part.definition["schema"] for part in operation.query]
    return any(body.media_type == "application/json" for body in operation.body) or any(
        bounds & schema.keys() for schema in asked
    )


def _examples(strategy: Any, count: int, number: int) -> list[Case]:
    """Return the first so many examples: the same ones for the same number."""
    found: list[Case] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def take(case: Case) -> None:
        found.append(case)

    take()
    return found
