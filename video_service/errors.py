"""One base error for the whole service.

The docstring of an error class is its default message; `code` is the stable word that goes over the wire and that a
page translates; `retryable` tells a caller whether the same request may succeed later.
"""

from __future__ import annotations

from typing import ClassVar


class ServiceError(Exception):
    """Something went wrong in the service."""

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str | None = None, **data: object) -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        self.data = data
        super().__init__(self.message)

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value!r}" for name, value in self.data.items())
        return f"{self.message} ({facts})" if facts else self.message
