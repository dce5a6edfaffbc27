"""The data keys of a test run: a new one each time."""

from __future__ import annotations

from video_service.cipher import Cipher, new_key

DATA_KEYS = (new_key(),)
CIPHER = Cipher(DATA_KEYS)
