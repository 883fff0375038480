"""An answer that says no -> the error it is, by HTTP status and by what its text speaks of.

Only 401 ``authentication_error``, 400 ``bad_request`` and 404 ``not_found`` are shown on the service's public
pages; the rest follows the meaning of the HTTP status. A 4xx proves that nothing was created, a 5xx does not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from components.errors import (
    NOT_CHARGED,
    KeyRefused,
    Moderated,
    OutOfCredits,
    RateLimited,
    RequestRefused,
    ServiceError,
    UpstreamFailed,
)

LONGEST_WAIT = 120.0
DEEPEST = 60
MODERATION = re.compile(
    r"moderat(?!e\b)|content[ _-]?policy|safety|nsfw|sensitive (content|word|image|material)|prohibited|inappropriate"
    r"|violat\w* (of )?(our|the|your)? ?(content|usage|use|community|safety|terms|polic)", re.I)  # fmt: skip
CREDITS = re.compile(r"insufficient.{0,20}(credit|balance|fund)|(credit|balance).{0,30}(insufficient|exhausted|not enough)"
                     r"|not enough credits?|out of credits?", re.I)  # fmt: skip


def refusal(status: int | None, text: str, *, message: str = "", retry_after: float | None = None) -> ServiceError:
    """The error for an answer; ``message`` is its reason where the caller has read it already."""
    said = message or _reason(text)
    quoted = f" It says: {said.rstrip('. ')}." if said else ""
    code = f" ({status})" if status else ""
    if status == 429:
        return RateLimited(f"The service is asked too often{code}.{quoted}", retry_after=retry_after, reply=text)
    if status and status >= 500:
        return UpstreamFailed(f"The service failed{code}.{quoted}", status=status, reply=text)
    if status == 402 or (status != 401 and CREDITS.search(said)):
        return OutOfCredits(f"The service says the account is out of credits{code}.{quoted}", status=status, reply=text)
    if status not in (401, 404) and MODERATION.search(said):
        charged = NOT_CHARGED if status else None
        return Moderated(f"The service refuses this content{code}.{quoted}", charged=charged, status=status, reply=text)
    if status in (401, 403):
        return KeyRefused(f"The service refuses the key{code}.{quoted}", status=status, reply=text)
    return RequestRefused(f"The service refuses the request{code}.{quoted}", status=status, reply=text)


def read_retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds to wait from ``Retry-After`` (seconds or an HTTP date), 0 to 120; None when absent or garbage."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,12}(\.\d+)?", value):
        return min(float(value), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((at - (now or datetime.now(UTC))).total_seconds(), 0.0), LONGEST_WAIT)


def _reason(text: str) -> str:
    """The most telling text of an error body, at most 600 characters; "" for HTML and for nothing."""
    found = read_json(text)
    if found is None:
        plain = text.strip()
        return "" if plain.startswith("<") or plain == "null" else plain[:300]
    return _search(found)[:600]


def read_json(text: str) -> Any:
    """Parsed JSON, or None for what is none, also for nesting so deep that the parser gives up.

    Half surrogate pairs, which JSON can hold and nobody can send or store, become question marks.
    """
    try:
        found = json.loads(text)
        if "\\ud" in text.lower():
            found = json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
        return found
    except (ValueError, RecursionError):
        return None


def _search(value: Any, depth: int = 0) -> str:
    if depth > DEEPEST:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return "; ".join(part for item in value[:5] if (part := _search(item, depth + 1)))
    if isinstance(value, dict):
        for key in ("error", "error_message", "message", "msg", "detail", "data", "type"):
            if value.get(key) and (found := _search(value[key], depth + 1)) and found.lower() not in ("error", "success"):
                return found
    return ""
