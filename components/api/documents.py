"""Find values in a JSON document of unknown shape.

Keys are compared without case, spaces, hyphens and underscores, so ``taskId`` equals ``task_id``.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from components.api.json_text import read_json

RESULT_KEYS = (
    "output", "outputs", "result", "results", "result_url", "result_urls", "result_json", "task_result", "image", "images",
    "image_url", "image_urls", "result_image_url", "response", "response_data", "url", "urls", "b64_json", "base64",
    "image_base64",
)  # fmt: skip
# A key with one of these words names an echo of the request, a smaller copy, or an address that controls the task or
# leads to somebody.
NO_RESULT_WORDS = {
    "request", "requests", "input", "inputs", "param", "params", "parameter", "parameters", "payload", "reference",
    "references", "ref", "refs", "init", "arguments", "args", "options", "config", "settings", "mask", "source", "origin",
    "callback", "webhook", "thumbnail", "thumbnails", "thumb", "thumbs", "preview", "previews", "cover", "covers", "sizes",
    "srcset", "error", "errors", "logs", "get", "cancel", "status", "stream", "web", "page", "self", "poll", "polling", "icon",
    "logo", "avatar", "license", "docs",
}  # fmt: skip
# A key with one of these words holds an address even if that is only a path; one of the others, a picture.
ADDRESS_WORDS = {"url", "urls", "uri", "href", "src"}
PICTURE_WORDS = {"image", "images", "img", "photo", "photos", "picture", "pictures", "media", "file", "files", "download"}
WORD_LIMIT = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[a-z])(?=(image|url)s?)|[\s-]+")
LINKS = {"urls", "links", "actions"}  # as an object: addresses of the task, such as get and cancel
INNER_SECTIONS = (  # objects that may hold id, state and error for the object around them
    "task", "output", "base_resp", "data", "result", "response", "job", "prediction", "generation",
)  # fmt: skip
STATE_KEYS = ("status", "state", "task_status", "task_state", "job_status", "generation_status")
TEXT_KEYS = ("message", "msg", "detail", "details", "reason", "description", "rawmessage", "faultstring", "text", "error")
MEANINGLESS = frozenset(  # as the text of an error
    ("", "0", "200", "success", "successful", "succeeded", "succeed", "ok", "none", "null", "complete", "completed", "done",
     "false", "no", "no error", "undefined", "nil", "n/a", "request successful", "request success", "operation successful",
     "成功", "操作成功", "请求成功")
)  # fmt: skip
CONTROL_URL = re.compile(r"https?://[^?#]*/(cancel|status|stream)/?([?#]|$)", re.I)
IMAGE_URL = re.compile(r"(https?:/|/)?/[^?#\s]+\.(png|jpe?g|webp|gif|avif|svg)([?#]|$)", re.I)
MARKUP_IMAGE = re.compile(
    r"(?:!\[[^\[\]]*\]\(|<img\b[^<>]*?\bsrc=[\"']?|^<)\s*(https?://[^)\s>\"']+)", re.I
)  # Markdown, HTML
PATH = re.compile(r"/[\w.~%@+-][\w.~%@+/-]*(\?\S*)?")
NAKED_ADDRESS = re.compile(
    r"(?P<host>[\w-]+(\.[\w-]+)+(:\d+)?/|[\w-]+:\d+/)?([\w.~%@+-]+/)*[\w.~%@+-]+\.(png|jpe?g|webp|gif|avif|svg)([?#]\S*)?",
    re.I,
)
BASE64_MARK = re.compile(r"\s*(data:)?\s*[\w/.+-]*\s*;?\s*base64\s*,", re.I)
BASE64_IMAGE = re.compile(
    r"(?P<png>iVBORw0KGgo)|(?P<jpeg>/9j/)|(?P<gif>R0lGOD)|(?P<webp>UklGR[\w+/]{7}RUJQ)|(?P<avif>AAAA..Z0eXBhdml)"
    r"|(?P<bmp>Qk[\w+/]{6}AAAAA)|(?P<tiff>SUkqA)|(?P<jp2>AAAADGpQ)|(?P<svg>PHN2Z|PD94bW)"
)
SVG = re.compile(r"(<\?xml[^>]*>\s*)?(<!--(?:(?!-->).)*-->\s*)*<svg[\s>]", re.S)
LONGEST_MARK = 100  # characters before the base64; a search in the whole of a megabyte took a minute
SHORTEST_BASE64 = 40  # characters; what is shorter may be a word or a path
DEEPEST = 60  # levels of nesting that are searched


def same_key(key: str) -> str:
    """A key without case, spaces, hyphens and underscores."""
    return re.sub(r"[\s_-]", "", key).lower()


RESULTS = frozenset(map(same_key, RESULT_KEYS))
# Keys with a meaning of their own: an object with only such a key is no envelope.
NOT_A_WRAPPER = {"error", "errors", "exception", "failure", "fault", *map(same_key, INNER_SECTIONS), *RESULTS}


def read_document(text: str) -> Any:
    """Parsed JSON as by :func:`read_json`; all of it, or its ``data``, may be JSON in a string. An address or base64 alone
    becomes ``images``."""
    document = read_json(text)
    if isinstance(document, str) and isinstance(inner := read_json(document), dict | list):
        document = inner
    if (document is None or isinstance(document, str)) and (images := list(addresses_in(str(document or text).strip()))):
        return {"images": images}
    for key in [key for key in document if same_key(str(key)) == "data"] if isinstance(document, dict) else ():
        inner = read_json(document[key]) if isinstance(document[key], str) else None
        document[key] = unwrapped(inner if isinstance(inner, dict | list) else document[key])
    return document


def field(document: Mapping[str, Any], name: str) -> Any:
    """The value under a key that :func:`same_key` has made ``name``; None without one."""
    return next((value for key, value in document.items() if same_key(str(key)) == name), None)


def unwrapped(value: Any) -> Any:
    """The content of an envelope: an object's only value (or the only item of a list there), if that is an object and its
    key has no meaning of its own. Any other value is returned unchanged."""
    if isinstance(value, dict) and len(value) == 1:
        ((key, inner),) = value.items()
        inner = inner[0] if isinstance(inner, list) and len(inner) == 1 else inner
        return inner if isinstance(inner, dict) and same_key(str(key)) not in NOT_A_WRAPPER else value
    return value


def find_sections(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects that may hold id, state and error: ``data`` (or the first of a list there), then the whole document.

    Each is followed by those of its INNER_SECTIONS that it has.
    """
    data = field(document, "data")
    if isinstance(data, list):
        data = data[0] if data else None
    outer = [data, document] if isinstance(data, dict) else [document]
    inner = [same_key(name) for name in INNER_SECTIONS]
    return [part for one in outer for part in (one, *(field(one, name) for name in inner)) if isinstance(part, dict)]


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
        lists = (
            f"{key}: {text}"
            for key, item in value.items()
            if isinstance(item, list) and (text := find_text(item, depth + 1))
        )
        named = (find_text(values.get(key), depth + 1) for key in TEXT_KEYS)
        codes = (find_text(values.get(key), depth + 1) for key in ("code", "type"))
        return next(filter(None, named), "") or "; ".join(lists) or next(filter(None, codes), "")
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
        yield from _images_of_object(value, in_result, depth)
    elif isinstance(value, list) and len(value) > SHORTEST_BASE64 and all(type(item) is int for item in value):
        with suppress(ValueError):  # of no bytes
            yield from addresses_in(b64encode(bytes(value)).decode() if in_result else "")
    elif isinstance(value, list):
        for item in value:
            yield from find_images(item, in_result, depth + 1)
    elif isinstance(value, str) and in_result:
        text = value.strip()
        if text.startswith(("{", "[", '"')):
            yield from find_images(read_json(text) or read_json(text.replace("'", '"')), in_result, depth + 1)
        else:
            yield from addresses_in(text.replace("\\/", "/").replace("&amp;", "&"))


def _images_of_object(value: dict[str, Any], in_result: bool, depth: int) -> Iterator[str]:
    """As :func:`find_images`. Where an object's own result key holds a picture, its other texts are its page, path or
    download, and an address beside base64 is that of the same picture."""
    found: dict[str, list[str]] = {}
    for key, item in value.items():
        name, words = same_key(str(key)), words_of(str(key))
        if NO_RESULT_WORDS.isdisjoint(words) and (in_result or not (name in LINKS and isinstance(item, dict))):
            is_result = in_result or name in RESULTS or (name == "data" and _is_text(item))
            found[key] = list(find_images(item, is_result, depth + 1))
            if is_result and not found[key] and isinstance(item, str) and not ADDRESS_WORDS.isdisjoint(words):
                found[key] = [item.strip()] if PATH.fullmatch(item.strip()) else []
    own = {key for key in found if isinstance(value[key], str)}
    named = {key for key in own if found[key] and same_key(str(key)) in RESULTS}
    encoded = {key for key in named if found[key][0].startswith("data:")}
    for key, addresses in found.items():
        if key not in own or not named or key in (encoded or named):
            yield from addresses


def words_of(key: str) -> set[str]:
    """The words of a key in snake or camel case, with hyphens or spaces."""
    return set(WORD_LIMIT.sub("_", key).lower().split("_"))


def _is_text(value: Any) -> bool:
    """Whether a value is text, or a list that begins with one."""
    return isinstance(value[0] if isinstance(value, list) and value else value, str)


def find_likely_images(document: Any) -> list[str]:
    """What looks like an image under any key that names no echo: for a finished task without one under a result key.

    That is an address with an image's extension, or any under a key that names a picture.
    """
    found = [address for address in find_images(document, in_result=True) if _is_image(address)]
    return found or [address for value in _under_picture_keys(document) for address in find_images(value, in_result=True)]


def _is_image(address: str) -> bool:
    return address.startswith("data:") or bool(IMAGE_URL.match(address))


def _under_picture_keys(value: Any, depth: int = 0) -> Iterator[Any]:
    if depth > DEEPEST or not isinstance(value, dict | list):
        return
    for key, item in value.items() if isinstance(value, dict) else (("", item) for item in value):
        words = words_of(str(key))
        if not NO_RESULT_WORDS.isdisjoint(words):
            continue
        if PICTURE_WORDS.isdisjoint(words):
            yield from _under_picture_keys(item, depth + 1)
        else:
            yield item


def addresses_in(text: str) -> Iterator[str]:
    """The addresses that a text consists of, as in :func:`find_images`, or those of the images in Markdown or HTML."""
    start = text[:11].lower()
    if start.startswith(("http%3a%2f", "https%3a%2")):
        text = unquote(text)
        start = text[:11].lower()
    if start == "data:image/":
        yield "data:" + text[5:]
    elif start.startswith(("http://", "https://")):
        addresses = re.split(r"[,;|\s]+(?=https?://)", text)
        yield from (address for address in addresses if not CONTROL_URL.match(address))
    elif SVG.match(text):
        yield f"data:image/svg+xml;base64,{b64encode(text.encode()).decode()}"
    elif url := _data_url(text[mark.end() :] if (mark := BASE64_MARK.match(text[:LONGEST_MARK])) else text):
        yield url
    elif start.startswith("//") or (start.startswith("/") and IMAGE_URL.match(text)):
        yield text
    elif (naked := NAKED_ADDRESS.fullmatch(text)) and "/" in text:
        yield ("//" if naked["host"] else "/") + text.removeprefix("./")
    else:
        yield from MARKUP_IMAGE.findall(text)


def _data_url(text: str) -> str:
    """Base64 of an image, also with line breaks or the alphabet for URLs, as a ``data:`` URL; "" for any other text."""
    known = BASE64_IMAGE.match(text[:80].lstrip().replace("-", "+").replace("_", "/"))
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
