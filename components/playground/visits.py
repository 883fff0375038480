"""Visits: who is asking, and with which key of their own."""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256

from components.errors import InputError
from components.keys import clean_key

KEY_HEADER = "x-api-in-one-key"
VISITOR_HEADER = "x-playground-visitor"
COOKIE = "playground_visitor"
COOKIE_SECRET = re.compile(r"[A-Za-z0-9_-]{16,100}")
SHORTEST_SECRET = 16
LONGEST_SECRET = 200


_LINKS = secrets.token_bytes(32)  # of this process: a link of an earlier one proves nothing


def link_proof(visitor: str, address: str) -> str:
    """What lets a link to this address, and no other, be followed as this visitor by whoever holds it."""
    return hmac.digest(_LINKS, f"{visitor}\n{address}".encode("utf-8", "replace"), "sha256").hex()[:32]


def visitor_id(secret: str) -> str:
    """The visitor that a secret stands for."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()[:40]


@dataclass(frozen=True)
class Visit:
    """One open page or one headless caller: their visitor id, and their own key while the visit lasts.

    ``since`` is when the page was opened, in seconds since 1970. ``shown_payer`` is who pays by what the page shows: nobody
    else may pay for what it sends. "" where there is no page.
    """

    visitor: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    key: str = field(default="", repr=False)
    since: float = field(default_factory=time.time)
    shown_payer: str = ""

    def with_key(self, typed: str) -> Visit:
        """The visit with a key as pasted. Raises KeyRefused as :func:`clean_key`."""
        return replace(self, key=clean_key(typed))


def browser_visitor(cookies: Mapping[str, str]) -> str:
    """The visitor of a browser by its cookies; "" without one that we could have set."""
    secret = cookies.get(COOKIE, "")
    return visitor_id(secret) if COOKIE_SECRET.fullmatch(secret) else ""


def headless_visit(secret: str, key: str | None) -> Visit:
    """The visit of a caller who sends these headers; without ``secret`` ("") a new visitor, without ``key`` (None) no key.

    Raises InputError for a secret that could be guessed or an empty key, KeyRefused as :meth:`Visit.with_key`.
    """
    if secret and len(secret) < SHORTEST_SECRET:
        raise InputError(VISITOR_HEADER, f"{VISITOR_HEADER}: at least {SHORTEST_SECRET} characters are needed.")
    visit = Visit(visitor_id(secret[:LONGEST_SECRET])) if secret else Visit()
    if key is None:
        return visit
    visit = visit.with_key(key)
    if not visit.key:
        raise InputError(KEY_HEADER, f"{KEY_HEADER}: is empty.", next_step="Send your key, or leave the header out.")
    return visit
