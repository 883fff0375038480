"""What every language writes down: two addresses, a body, and how a reply is read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.api.replies import (
    DONE_WORDS,
    ECHO_KEYS,
    FAILED_WORDS,
    RESULT_KEYS,
    RUNNING_WORDS,
    STATE_KEYS,
    same_key,
)

KEY_NAME = "API_IN_ONE_KEY"
DEADLINE_S = 600
POLL_S = 2

# Characters that turn the reading direction or end a line for some readers: written as escapes, so that
# what a person sees in a snippet is what runs.
INVISIBLE = re.compile("[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


@dataclass(frozen=True)
class Call:
    """``status_url`` still holds ``{task_id}``; ``body`` is exactly what is POSTed."""

    create_url: str
    status_url: str
    body: Mapping[str, Any]

    @property
    def words(self) -> dict[str, str]:
        """What every template needs: the key's name, key and state words, seconds between and before giving up."""
        return {
            "KEY": KEY_NAME,
            "RESULTS": keys(RESULT_KEYS),
            "ECHOES": keys(ECHO_KEYS),
            "STATES": keys(STATE_KEYS),
            "RUNNING": " ".join(RUNNING_WORDS),
            "DONE": " ".join(DONE_WORDS),
            "FAILED": " ".join(FAILED_WORDS),
            "DEADLINE": str(DEADLINE_S),
            "POLL": str(POLL_S),
        }

    @property
    def json(self) -> str:
        """The body as readable JSON without invisible characters; still the same values."""
        text = json.dumps(dict(self.body), ensure_ascii=False, indent=2)
        return INVISIBLE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def filled(template: str, **values: str) -> str:
    """The template with each ``@NAME@`` replaced once; a value that looks like a name is left as it is."""
    pattern = re.compile("@(" + "|".join(values) + ")@")
    return pattern.sub(lambda found: values[found.group(1)], template)


def keys(names: tuple[str, ...]) -> str:
    """Key names without case and underscores, each once, separated by blanks."""
    return " ".join(dict.fromkeys(map(same_key, names)))
