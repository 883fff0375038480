"""The callback as a doorbell: it wakes whoever polls, and is believed in nothing else.

The service documents that it calls ``callback_url``, not what it sends. So the address itself says which job
is meant, with a secret that only the service has been told; of the body only a task id is used, and only
where ours was lost, and only after a GET with the key has confirmed it.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

from components.api.replies import read_callback_task_id

PREFIX = "/callbacks"
LARGEST_BODY = 65_536
SECRET_BYTES = 16


def new_secret() -> str:
    """128 random bits for one job's address."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hashed(secret: str) -> str:
    """What is kept of a secret."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def address(base: str, job_id: str, secret: str) -> str:
    """The callback's address. The secret stands in the path: queries are what servers and clients log."""
    return f"{base}{PREFIX}/{job_id}/{secret}"


def matches(secret: str, token: str) -> bool:
    """Whether a secret is the one that was given out; takes as long whether it is or not."""
    return hmac.compare_digest(hashed(secret), token or hashed("")) and bool(token)


def named_task(body: bytes) -> str:
    """The task id in a callback's body, or ""."""
    return read_callback_task_id(body.decode("utf-8", "replace"))
