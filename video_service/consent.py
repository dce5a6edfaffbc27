"""Which consent text customers agree to before their camera opens: its version goes on the record of each call."""

from __future__ import annotations

CONSENT_VERSION = 1
"""Changes with the words of the consent, in whatever language: a test holds the two together."""
