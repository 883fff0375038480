"""Find values in a JSON document of unknown shape.

Keys are compared without case and underscores, so ``taskId`` equals ``task_id``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

RESULT_KEYS = (
    "output", "outputs", "result", "results", "result_url", "result_urls", "result_json", "image", "images",
    "image_url", "image_urls", "response", "response_data", "url", "urls",
)  # fmt: skip
ECHO_KEYS = (
    "request", "request_body", "request_params", "input", "inputs", "input_urls", "input_images", "params", "parameters",
    "payload", "reference_images", "mask_image", "callback_url", "webhook", "webhook_url", "thumbnail", "thumbnails",
    "thumbnail_url", "thumb", "error",
)  # fmt: skip
MEANINGLESS = ("", "0", "success", "succeeded", "ok", "none", "null")  # as the text of an error
DEEPEST = 60  # levels of nesting that are searched


def same_key(key: str) -> str:
    """A key without case and underscores."""
    return key.replace("_", "").lower()


RESULTS = set(map(same_key, RESULT_KEYS))
ECHOES = set(map(same_key, ECHO_KEYS))


def read_json(text: str) -> Any:
    """Parsed JSON, or None if it is invalid or nested too deeply for the parser.

    Half surrogate pairs, which JSON can hold and nobody can send or store, become question marks.
    """
    try:
        document = json.loads(text)
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
    """The objects that may hold id, state and error: ``data`` (or the first of a list there), then the whole document."""
    data = document.get("data")
    if isinstance(data, list):
        data = data[0] if data else None
    return [data, document] if isinstance(data, dict) else [document]


def find_values(sections: list[dict[str, Any]], keys: tuple[str, ...]) -> Iterator[Any]:
    """The values under these keys that are not null, section by section, in the order of the keys."""
    wanted = dict.fromkeys(map(same_key, keys))
    for section in sections:
        values = {same_key(str(key)): value for key, value in section.items()}
        yield from (values[key] for key in wanted if values.get(key) is not None)


def find_text(value: Any, depth: int = 0) -> str:
    """The text of an error value: itself, or what its object or list says."""
    if depth > DEEPEST or isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, dict):
        values = {same_key(str(key)): item for key, item in value.items()}
        named = (values.get(key) for key in ("message", "msg", "detail", "reason", "code", "type"))
        return next((text for item in named if (text := find_text(item, depth + 1))), "")
    if isinstance(value, list):
        return "; ".join(text for item in value[:5] if (text := find_text(item, depth + 1)))
    text = str(value).strip()
    return "" if text.lower() in MEANINGLESS else text


def find_urls(value: Any, in_result: bool = False, depth: int = 0) -> Iterator[str]:
    """Every URL under a result key, in order, never from an echo of the request."""
    if depth > DEEPEST:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            name = same_key(str(key))
            if name not in ECHOES:
                yield from find_urls(item, in_result or name in RESULTS, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from find_urls(item, in_result, depth + 1)
    elif isinstance(value, str) and in_result:
        text = value.strip()
        if text.startswith(("http://", "https://", "data:image/")):
            yield text
        elif text.startswith(("{", "[")):
            yield from find_urls(read_json(text), in_result, depth + 1)


def find_texts(value: Any) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from find_texts(item)
    elif isinstance(value, str):
        yield value.strip()
