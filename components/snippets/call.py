"""What every language writes: two addresses, the body, and text in which nothing is hidden."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KEY_NAME = "API_IN_ONE_KEY"
WIDTH = 110

# What the programs look for in a reply, in the syntax that the regular expressions of all their languages share.
# A key with one of ECHO names an echo of the request, another copy or another link.
ECHO = (
    "input|requ|param|^ref|conf|^arg|^opt|init|orig|thumb|prev|cover|hold|blur",
    "|avatar|hook|callb|link|page|path|sizes|load|fetch|poll|poster|^get$|^web$|(stat|respon).*url|cancel",
)
IMAGE = "https?://|data:image|iVBOR|/9j/|UklGR|R0lGO"  # the last four begin PNG, JPEG, WebP and GIF in base64
DONE = "complet|succe|done|finish|ready"  # unless the word begins with NOT_YET
NOT_YET = "not|un"
FAILED = "unsucc|fail|error|cancel|abort|reject|expir|moder|termin|nsfw|time"
# The first three bytes of a file and its extension. Whatever else an address answers with is no image.
KINDS = {
    "89504e": "png", "ffd8ff": "jpg", "524946": "webp", "474946": "gif", "000000": "avif", "3c7376": "svg", "3c3f78": "svg",
}  # fmt: skip

# Characters that reverse the reading direction, end a line in some editors or cannot be seen. They are written as
# escapes, so that a snippet does what it appears to do. Private-use characters have no agreed look, and zsh's line
# editor uses some of them itself: a pasted U+E000 ended the text there.
INVISIBLE = re.compile("[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ue000-\uf8ff\ufeff]")


@dataclass(frozen=True)
class Call:
    """One request. ``status_url`` holds ``{task_id}``; ``body`` is exactly what is POSTed."""

    create_url: str
    status_url: str
    body: Mapping[str, Any]
    task_id: str | None = None

    def json(self, most_lines: int) -> str:
        """The body as JSON, laid out by :func:`lay_out`."""
        return lay_out([f"{to_json(name)}: {to_json(value)}" for name, value in self.body.items()], most_lines, "  ")


def lay_out(fields: list[str], most_lines: int, indent: str) -> str:
    """An object of these fields: one a line, or several a line of at most WIDTH, or all on one, as the lines allow."""
    if len(fields) + 2 <= most_lines:
        return "{\n" + ",\n".join(indent + field for field in fields) + "\n}"
    lines: list[str] = []
    for field in fields:
        if lines and len(indent + lines[-1] + field) < WIDTH:
            lines[-1] += f", {field}"
        else:
            lines.append(field)
    between = f",\n{indent}" if len(lines) <= most_lines else ", "
    return "{" + between.join(lines) + "}"


def to_json(value: Any) -> str:
    """A value as JSON on one line, with invisible characters as escapes."""
    return INVISIBLE.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(value, ensure_ascii=False))


def fill(template: str, **values: str) -> str:
    """Replace each ``@NAME@`` in one pass, so that a value which looks like a name stays as it is."""
    shared = {
        "KEY": KEY_NAME,
        "ECHO1": ECHO[0],
        "ECHO2": ECHO[1],
        "IMAGE": IMAGE,
        "JSIMAGE": IMAGE.replace("/", "\\/"),
        "DONE": f"^(?!{NOT_YET}).*({DONE})",
        "FAILED": FAILED,
        "KINDS": json.dumps(KINDS, separators=(",", ":")),
    }
    values = shared | values
    return re.sub("@(" + "|".join(values) + ")@", lambda match: values[match.group(1)], template)
