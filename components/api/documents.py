"""Find values in a JSON document of unknown shape.

Keys are compared without case and underscores, so ``taskId`` equals ``task_id``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

RESULT_KEYS = (
    "output", "outputs", "result", "results", "result_url", "result_urls", "result_json", "task_result", "image", "images",
    "image_url", "image_urls", "response", "response_data", "url", "urls", "b64_json", "base64", "image_base64",
)  # fmt: skip
# A key with one of these words names an echo of the request, a smaller copy, or an address that controls the task.
NO_RESULT_WORDS = {
    "request", "requests", "input", "inputs", "param", "params", "parameter", "parameters", "payload", "reference",
    "references", "mask", "source", "origin", "callback", "webhook", "thumbnail", "thumbnails", "thumb", "thumbs", "preview",
    "previews", "cover", "covers", "error", "errors", "logs", "get", "cancel", "status", "stream", "web", "self", "poll",
    "polling",
}  # fmt: skip
WORD_LIMIT = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[a-z])(?=(image|url)s?)")
INNER_SECTIONS = ("task", "output", "base_resp")  # objects that may hold id, state and error for the object around them
MEANINGLESS = frozenset(  # as the text of an error
    ("", "0", "200", "success", "successful", "succeeded", "succeed", "ok", "none", "null", "complete", "completed", "done")
)  # fmt: skip
CONTROL_URL = re.compile(r"https?://[^?#]*/(cancel|status|stream)/?([?#]|$)", re.I)
IMAGE_URL = re.compile(r"(https?:/|/)?/[^?#\s]+\.(png|jpe?g|webp|gif|avif|svg)([?#]|$)", re.I)
BASE64_IMAGE = re.compile(
    r"(?P<png>iVBORw0KGgo)|(?P<jpeg>/9j/)|(?P<gif>R0lGOD)|(?P<webp>UklGR[\w+/]{7}RUJQ)|(?P<avif>AAAA..Z0eXBhdml)|(?P<svg>PHN2Z|PD94bW)"
)
SHORTEST_BASE64 = 40  # characters; what is shorter may be a word or a path
DEEPEST = 60  # levels of nesting that are searched


def same_key(key: str) -> str:
    """A key without case and underscores."""
    return key.replace("_", "").lower()


RESULTS = frozenset(map(same_key, RESULT_KEYS))


def read_json(text: str) -> Any:
    """Parsed JSON, or None if it is invalid or nested too deeply for the parser.

    A byte order mark and raw control characters in strings are accepted. Half surrogate pairs, which JSON can hold and
    nobody can send or store, become question marks.
    """
    try:
        document = json.loads(text.removeprefix("\ufeff"), strict=False)
        if "\\ud" in text.lower():
            document = json.loads(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))
        return document
    except (ValueError, RecursionError):
        return None


def read_document(text: str) -> Any:
    """Parsed JSON as by :func:`read_json`; ``data`` may be JSON in a string."""
    document = read_json(text)
    if isinstance(document, dict) and isinstance(document.get("data"), str):
        document["data"] = read_json(document["data"])
    return document


def find_sections(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects that may hold id, state and error: ``data`` (or the first of a list there), then the whole document.

    Each is followed by those of its INNER_SECTIONS that it has.
    """
    data = document.get("data")
    if isinstance(data, list):
        data = data[0] if data else None
    outer = [data, document] if isinstance(data, dict) else [document]
    return [part for one in outer for part in (one, *map(one.get, INNER_SECTIONS)) if isinstance(part, dict)]


def find_values(sections: list[dict[str, Any]], keys: tuple[str, ...]) -> Iterator[Any]:
    """The values under these keys that are not null, section by section, in the order of the keys."""
    wanted = dict.fromkeys(map(same_key, keys))
    for section in sections:
        values = {same_key(str(key)): value for key, value in section.items()}
        yield from (values[key] for key in wanted if values.get(key) is not None)


def find_text(value: Any, depth: int = 0) -> str:
    """The text of an error value: itself, or what its object or list says. A word of success is none."""
    if depth > DEEPEST or isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, dict):
        values = {same_key(str(key)): item for key, item in value.items()}
        named = (values.get(key) for key in ("message", "msg", "detail", "reason", "code", "type"))
        return next((text for item in named if (text := find_text(item, depth + 1))), "")
    if isinstance(value, list):
        return "; ".join(text for item in value[:5] if (text := find_text(item, depth + 1)))
    text = str(value).strip()
    return "" if text.lower().strip("!. ") in MEANINGLESS else text


def find_images(value: Any, in_result: bool = False, depth: int = 0) -> Iterator[str]:
    """Every address under a result key, in order, never from an echo of the request; base64 becomes a ``data:`` URL.

    An address may lack its scheme, or scheme and host.
    """
    if depth > DEEPEST:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            name = same_key(str(key))
            links = name == "urls" and isinstance(item, dict)  # of the task: get, cancel, web
            if not links and NO_RESULT_WORDS.isdisjoint(WORD_LIMIT.sub("_", str(key)).lower().split("_")):
                yield from find_images(item, in_result or name in RESULTS, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from find_images(item, in_result, depth + 1)
    elif isinstance(value, str) and in_result:
        text = value.strip()
        if text.startswith(("{", "[")):
            yield from find_images(read_json(text), in_result, depth + 1)
        else:
            yield from addresses_in(text)


def find_likely_images(document: Any) -> list[str]:
    """What looks like an image under any key that names no echo: for a finished task without one under a result key."""
    found = find_images(document, in_result=True)
    return [address for address in found if address.startswith("data:") or IMAGE_URL.match(address)]


def addresses_in(text: str) -> Iterator[str]:
    """The addresses that a text consists of, as in :func:`find_images`."""
    if text.startswith("data:image/"):
        yield text
    elif text.startswith(("http://", "https://")):
        addresses = re.split(r"[,\s]+(?=https?://)", text)
        yield from (address for address in addresses if not CONTROL_URL.match(address))
    elif url := _data_url(text.partition(";base64,")[2] if text.startswith("data:") else text):
        yield url
    elif text.startswith("//") or (text.startswith("/") and IMAGE_URL.match(text)):
        yield text


def _data_url(text: str) -> str:
    """Base64 of an image, also with line breaks or the alphabet for URLs, as a ``data:`` URL; "" for any other text."""
    known = BASE64_IMAGE.match(text[:80].replace("-", "+").replace("_", "/"))
    if not known or len(text) < SHORTEST_BASE64 or not text.isascii() or not re.fullmatch(r"[\w+/=\s-]+", text):
        return ""
    kind = {"svg": "svg+xml"}.get(str(known.lastgroup), known.lastgroup)
    plain = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    return f"data:image/{kind};base64,{plain}{'=' * (-len(plain) % 4)}"


def find_texts(value: Any) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from find_texts(item)
    elif isinstance(value, str):
        yield value.strip()
