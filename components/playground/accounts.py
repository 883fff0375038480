"""Who can pay: the sandbox, the host's key, or a visitor's own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hmac import compare_digest

from components.api.client import Account, Payer
from components.jobs.job import Job
from components.keys import UNNAMED_SANDBOX


@dataclass(frozen=True)
class Accounts:
    """The accounts of this installation.

    ``service`` is the real service without a key, ``sandbox`` the built-in one as this process reaches it; ``host_key`` is
    None where visitors may not spend one.
    """

    service: Account
    sandbox: Account
    host_key: str | None = field(default=None, repr=False)

    def of_visitor(self, key: str) -> Account:
        """The account of a visitor: their own ``key``, without one ("") the host's, without that the sandbox."""
        if key:
            return replace(self.service, payer="visitor", key=key)
        return self.of_payer("host") or self.sandbox

    def of_payer(self, payer: Payer, *, for_evaluation: bool = False) -> Account | None:
        """The account of a payer; None for a visitor's own key. The sandbox leaves names out of an evaluation's drawings."""
        if payer == "host" and self.host_key:
            return replace(self.service, payer="host", key=self.host_key)
        if payer != "sandbox":
            return None
        return replace(self.sandbox, key=self.sandbox.key + UNNAMED_SANDBOX) if for_evaluation else self.sandbox

    def of_job(self, job: Job) -> Account | None:
        """The account that pays for a recovered job; None for a visitor's own key, which is in memory only."""
        return self.of_payer(job.payer, for_evaluation=bool(job.evaluation_id))

    def is_host(self, key: str) -> bool:
        """Whether this is the host's key: who knows it may change what every visitor sees."""
        return bool(self.host_key and key) and compare_digest((self.host_key or "").encode(), key.encode())
