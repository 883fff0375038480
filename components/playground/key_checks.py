"""What the service says of the keys that visitors enter, without a request that costs anything."""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256

from cachetools import LRUCache

from components.api import Account
from components.api.client import ApiClient

KEYS_REMEMBERED = 1_000


class KeyCheck(StrEnum):
    """``UNKNOWN``: asked, and the answer says neither."""

    WORKS = "works"
    REFUSED = "refused"
    UNKNOWN = "not checked"


class KeyChecks:
    """The last answer for each key, under a digest of the key."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._answers: LRUCache[bytes, KeyCheck] = LRUCache(KEYS_REMEMBERED)

    async def check(self, account: Account) -> KeyCheck:
        """Ask for a task that does not exist: the service answers 401 or 403 to a wrong key, 404 to a good one.

        That a good key gets 404 is our reading of the service's table of errors; any other answer is UNKNOWN.
        """
        status = await self._client.status_of_unknown_task(account)
        answer = {401: KeyCheck.REFUSED, 403: KeyCheck.REFUSED, 404: KeyCheck.WORKS}.get(status or 0, KeyCheck.UNKNOWN)
        self._answers[_digest(account.key)] = answer
        return answer

    def known(self, key: str) -> KeyCheck | None:
        """The last answer for this key; None before there is one."""
        return self._answers.get(_digest(key))


def _digest(key: str) -> bytes:
    return sha256(key.encode()).digest()
