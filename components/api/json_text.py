"""Read JSON as services really send it: with marks, text and other documents around it."""

from __future__ import annotations

import ast
import html
import json
import re
from contextlib import suppress
from itertools import islice
from typing import Any

TRAILING_COMMA = re.compile(r",(\s*[}\]])")
EVENTS = re.compile(r"(data|event|id|retry)?:")
EVENT_DATA = re.compile(r"^data: ?(.*)$", re.M)
WEB_PAGE = re.compile(r"<(!doctype|html)\b", re.I)
PREFORMATTED = re.compile(r"<pre\b[^>]*>(.*?)</pre>", re.S | re.I)
AFTER_EMBEDDED_JSON = re.compile(r"[\s);`0]*(</\w+>\s*)*")  # what may follow JSON that is inside something else
REPLY_KEYS = {"code", "data", "error", "errors", "message", "msg", "result", "output", "images", "id", "task_id", "taskid"}
BRACKET = re.compile(r"[{\[](?=\s*[\"'{\[\]}])")
LONGEST_LITERAL = 100_000  # characters of Python's spelling, whose parser is slow
MOST_BRACKETS = 5


def read_json(text: str) -> Any:
    """Parsed JSON, or None if it is invalid or nested too deeply for the parser.

    A byte order mark, raw control characters in strings, commas before a closing bracket, and text around the JSON are
    accepted, and Python's spelling. Of several documents, a line or a server-sent event each, the last one with a state
    counts, and without states all of them. Half surrogate pairs, which JSON can hold and nobody can send or store, become
    question marks.
    """
    text = text.strip().strip("\ufeff\0\x1e").removeprefix(")]}',").strip()
    if EVENTS.match(text):
        text = "\n".join(EVENT_DATA.findall(text))
    try:
        document = _parse(text)
        if document is None and text != "null":
            document = _parse(TRAILING_COMMA.sub(r"\1", text)) or _parse_literal(text) or _parse_inner(text)
        if "\\ud" in text.lower():
            document = json.loads(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))
        return document
    except (ValueError, RecursionError):
        return None


def _parse(text: str) -> Any:
    """The JSON document that a text begins with, or of several the one that counts; None without one.

    Raises RecursionError.
    """
    decoder, documents = json.JSONDecoder(strict=False), list[Any]()
    while text:
        try:
            document, end = decoder.raw_decode(text)
        except ValueError:
            break
        documents.append(document)
        text = text[end:].lstrip("\x1e \t\r\n") if isinstance(document, dict | list) else ""
    if len(documents) < 2:
        return documents[0] if documents else None
    stated = [one for one in documents if isinstance(one, dict) and _has_state(one)]
    return stated[-1] if stated else documents


def _has_state(document: dict[str, Any]) -> bool:
    inner = document.get("data")
    keys = (str(key).lower() for part in (document, inner) if isinstance(part, dict) for key in part)
    return any(key.endswith(("status", "state")) for key in keys)


def _parse_literal(text: str) -> Any:
    """A dict or list in Python's spelling, or None."""
    if len(text) > LONGEST_LITERAL or not text.startswith(("{'", "['", "[{'")):
        return None
    with suppress(ValueError, SyntaxError, MemoryError):
        value = ast.literal_eval(text)
        return json.loads(json.dumps(value, default=str))
    return None


def _parse_inner(text: str) -> Any:
    """A reply inside something else: behind a warning, a comment or a loop, as a function's argument, in a block of code.

    None if there is none: a web page has scripts, a sentence may quote what was sent.
    """
    if block := PREFORMATTED.search(text):
        text = block[1]
    elif WEB_PAGE.match(text):
        return None
    if "&quot;" in text:
        text = html.unescape(text)
    for match in islice(BRACKET.finditer(text), MOST_BRACKETS):
        with suppress(ValueError):
            document, end = json.JSONDecoder(strict=False).raw_decode(text, match.start())
            parts = document if isinstance(document, list) else [document]
            is_reply = all(
                isinstance(one, dict) and (_has_state(one) or REPLY_KEYS & {str(k).lower() for k in one}) for one in parts
            )
            return document if is_reply and AFTER_EMBEDDED_JSON.fullmatch(text, end) else None
    return None
