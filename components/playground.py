"""What anyone can ask the product for, with plain values in and out. The page and the endpoints are thin skins over it."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field, replace
from hashlib import sha256

from components.api import Account
from components.catalog.models import Catalog
from components.catalog.requests import Request
from components.comparisons.service import ComparisonService
from components.errors import KeyRefused
from components.jobs.job import Caps
from components.jobs.service import JobService
from components.snippets import write_snippet

KEY_HEADER = "x-api-in-one-key"
VISITOR_HEADER = "x-playground-visitor"
SHORTEST_VISITOR = 16
LONGEST_KEY = 500


def visitor_id(secret: str) -> str:
    """The visitor that a secret stands for."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()[:40]


@dataclass(frozen=True)
class Visit:
    """One open page or one headless caller: who they are to us, and their own key while the visit lasts.

    ``since`` is when the page was opened, in seconds since 1970.
    """

    visitor: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    key: str = field(default="", repr=False)
    since: float = field(default_factory=time.time)

    def with_key(self, typed: str) -> Visit:
        """The visit with a key as typed or sent. Raises KeyRefused for what no HTTP header could carry."""
        key = typed.strip()
        if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable() or " " in key:
            raise KeyRefused("This is no API key: a key is one word of plain letters, digits and signs.")
        return replace(self, key=key)


@dataclass(frozen=True)
class Playground:
    """The playground of this installation, shared by all visitors.

    ``service`` is the real service without a key, ``sandbox`` the built-in one as this process reaches it;
    ``sandbox_url`` is how a visitor reaches it, ``examples`` the path of its example drawings. ``host_key`` is None where visitors may not spend one.
    ``notices`` are sentences about this installation that every visitor should know, ``storage`` says how
    long results are kept, ``uploads_refused`` why no picture can be uploaded here ("" where one can).
    ``public_address`` is where strangers reach this page, without a trailing slash; "" where nobody has said.
    """

    catalog: Catalog
    jobs: JobService
    service: Account
    sandbox: Account
    sandbox_url: str
    examples: str
    comparisons: ComparisonService
    host_key: str | None = field(default=None, repr=False)
    caps: Caps = field(default_factory=Caps)
    notices: tuple[str, ...] = ()
    storage: str = ""
    uploads_refused: str = ""
    public_address: str = ""

    def account(self, visit: Visit) -> Account:
        """Who pays for this visit: the visitor's own key, else the host's, else nobody: the sandbox."""
        if visit.key:
            return replace(self.service, payer="visitor", key=visit.key)
        if self.host_key:
            return replace(self.service, payer="host", key=self.host_key)
        return self.sandbox

    def account_shown(self, visit: Visit, shown: str | None) -> Account:
        """Who pays, if that is who the page shows: ``shown`` is a payer, or "" where it shows none yet.

        A page that has been open for long, or through a restart, is forgotten together with the key that was typed
        into it, and goes on showing it. Nobody else pays in its place. Raises KeyRefused.
        """
        account = self.account(visit)
        if shown and shown != account.payer:
            what = "This page no longer holds the key that it shows." if shown == "visitor" else "Somebody else pays by now."
            raise KeyRefused(what, next_step="Enter your key again." if shown == "visitor" else "Reload the page.")
        return account

    def snippet(self, request: Request, visit: Visit, language: str = "curl") -> str:
        """The program that makes this request as this visit would. Raises InputError for a language."""
        account = self.account(visit)
        base = self.sandbox_url if account.payer == "sandbox" else account.base_url
        return write_snippet(request, base, self.catalog.endpoint, language)
