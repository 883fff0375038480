"""The recipe: what a picture was made from, embedded in its file and read back from there.

A PNG holds it in an ``iTXt`` chunk, a JPEG in an ``APP1`` segment, a WebP in a chunk of its own, each time as JSON
compressed by zlib behind the same KEYWORD. It is inserted into the bytes of the file, because Pillow could only write
it by encoding the picture again.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Literal

from pydantic import AwareDatetime, BaseModel

GENERATOR = "Image playground for API in One"
KEYWORD = b"image-playground-recipe"
MARK = KEYWORD + b"\0\1\0\0\0"  # the head of an iTXt chunk: keyword, compressed, by zlib, no language, no translation
LARGEST_TEXT = 256_000

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_AFTER_IHDR = 33
JPEG_START = b"\xff\xd8"
JPEG_APP0, JPEG_APP1 = b"\xff\xe0", b"\xff\xe1"
RIFF_HEAD = 12
WEBP_CHUNK = b"RCPE"
ALPHA_FLAG = 0x10
ERRORS = (ValueError, IndexError, OverflowError, struct.error, zlib.error)

Value = str | int | float | bool | list[str]


class Recipe(BaseModel, frozen=True, strict=True, allow_inf_nan=False):
    """How a picture was requested. ``parameters`` are the fields of the body, ``created`` is UTC to the second.

    ``credits`` and ``usd`` are the price by the catalog, None if it is unknown; in the sandbox nothing was paid.
    """

    version: Literal[1] = 1
    model: str
    parameters: Mapping[str, Value]
    task_id: str | None
    sandbox: bool
    credits: float | None
    usd: float | None
    created: AwareDatetime
    generator: str = GENERATOR


def format_of(data: bytes) -> str | None:
    """``png``, ``jpeg`` or ``webp`` by the first bytes of a file; None for anything else."""
    if data.startswith(PNG_SIGNATURE):
        return "png"
    if data.startswith(JPEG_START):
        return "jpeg"
    return "webp" if data[:4] == b"RIFF" and data[8:RIFF_HEAD] == b"WEBP" else None


def embed(data: bytes, recipe: Recipe) -> bytes:
    """The file with the recipe in it, instead of an earlier one; the rest of the file stays as it is.

    The file is returned unchanged if it is an SVG or damaged, and if the recipe has more than LARGEST_TEXT bytes or,
    compressed, more than a segment of a JPEG can hold (64 KB).
    """
    picture_format, text = format_of(data), recipe.model_dump_json().encode()
    if picture_format is None or len(text) > LARGEST_TEXT:
        return data
    insert = {"png": _insert_into_png, "jpeg": _insert_into_jpeg, "webp": _insert_into_webp}[picture_format]
    try:
        return insert(data, MARK + zlib.compress(text))
    except ERRORS:
        return data


def read(data: bytes) -> Recipe | None:
    """The recipe in a file that anybody may have written; None if there is no valid one. Never raises."""
    picture_format = format_of(data)
    try:
        found = picture_format and _find(data, picture_format)
        if not found:
            return None
        start, end = found
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(data[data.index(MARK, start) + len(MARK) : end], LARGEST_TEXT)
        return Recipe.model_validate_json(text) if unpacking.eof else None
    except ERRORS:
        return None


def _find(data: bytes, picture_format: str) -> tuple[int, int] | None:
    """Start and end of the chunk or segment that holds a recipe."""
    at = data.find(MARK)
    while at >= 0:
        if picture_format == "png" and data[at - 4 : at] == b"iTXt":  # length, type, content, checksum
            return at - 8, at + struct.unpack_from(">I", data, at - 8)[0] + 4
        if picture_format == "jpeg" and data[at - 4 : at - 2] == JPEG_APP1:  # marker, length with itself, content
            return at - 4, at - 2 + struct.unpack_from(">H", data, at - 2)[0]
        if picture_format == "webp" and data[at - 8 : at - 4] == WEBP_CHUNK:  # type, length, content, padding
            size = struct.unpack_from("<I", data, at - 4)[0]
            return at - 8, at + size + size % 2
        at = data.find(MARK, at + 1)
    return None


def _without_recipe(data: bytes, picture_format: str) -> bytes:
    found = _find(data, picture_format)
    return data[: found[0]] + data[found[1] :] if found else data


def _insert_into_png(data: bytes, record: bytes) -> bytes:
    """Behind the first chunk, which must be IHDR."""
    data = _without_recipe(data, "png")
    if data[12:16] != b"IHDR":
        raise ValueError("the first chunk is missing")
    content = b"iTXt" + record
    chunk = struct.pack(">I", len(record)) + content + struct.pack(">I", zlib.crc32(content))
    return data[:PNG_AFTER_IHDR] + chunk + data[PNG_AFTER_IHDR:]


def _insert_into_jpeg(data: bytes, record: bytes) -> bytes:
    """Behind JFIF and Exif, which must come first, and before APP2, where the offsets of a second picture count from."""
    data = _without_recipe(data, "jpeg")
    at = len(JPEG_START)
    while data[at : at + 2] in (JPEG_APP0, JPEG_APP1):
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    if data[at : at + 1] != b"\xff":
        raise ValueError("a segment is damaged")
    return data[:at] + JPEG_APP1 + struct.pack(">H", 2 + len(record)) + record + data[at:]


def _insert_into_webp(data: bytes, record: bytes) -> bytes:
    """At the end. A file of a single chunk becomes an extended one first: only those may have further chunks."""
    size = struct.unpack_from("<I", data, 4)[0]
    chunks, rest = data[RIFF_HEAD : 8 + size], data[8 + size :]
    if len(chunks) + 4 != size:
        raise ValueError("the file is cut off")
    chunks = _without_recipe(chunks, "webp")
    if not chunks.startswith(b"VP8X"):
        chunks = _extended_header(chunks) + chunks
    chunks += WEBP_CHUNK + struct.pack("<I", len(record)) + record + bytes(len(record) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks + rest


def _extended_header(picture: bytes) -> bytes:
    """The VP8X chunk with the size in pixels and the transparency that the picture's own chunk states."""
    if picture.startswith(b"VP8L") and picture[8] == 0x2F:
        bits = int.from_bytes(picture[9:13], "little")
        width, height, alpha = bits & 0x3FFF, bits >> 14 & 0x3FFF, ALPHA_FLAG * (bits >> 28 & 1)
    elif picture.startswith(b"VP8 ") and picture[11:14] == b"\x9d\x01\x2a":
        width, height = ((side & 0x3FFF) - 1 for side in struct.unpack_from("<HH", picture, 14))
        alpha = 0
    else:
        raise ValueError("an unknown kind of WebP")
    return b"VP8X" + struct.pack("<IB3x", 10, alpha) + width.to_bytes(3, "little") + height.to_bytes(3, "little")
