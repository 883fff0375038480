"""A recipe: what a picture was made from, kept inside its own file, and read back from there.

A PNG holds it in an ``iTXt`` chunk, a JPEG in an ``APP1`` segment, a WebP in a chunk at its end: each time the same
record, under KEYWORD, JSON packed by zlib. The picture is never encoded anew, which is how Pillow would write it.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BaseModel

from components.jobs.job import Job
from components.jobs.store.schema import storable
from components.pictures.uploads import NAME as UPLOAD
from components.pictures.uploads import PREFIX as UPLOADS

GENERATOR = "Image playground for API in One"
KEYWORD = b"image-playground-recipe"
MARK = KEYWORD + b"\0\1\0\0\0"  # what follows the keyword of an iTXt chunk: packed, by zlib, in no language, not translated
LARGEST_TEXT = 256_000
MOST_PARTS = 50_000

PNG_START = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8"
RIFF_HEAD = 12
WEBP_CHUNK = b"RCPE"
ALPHA_FLAG = 0x10
FAULTS = (ValueError, IndexError, OverflowError, struct.error, zlib.error)

Value = str | int | float | bool | list[str]


class Recipe(BaseModel, frozen=True, strict=True, allow_inf_nan=False):
    """How a picture was asked for. ``parameters`` are the body's fields, ``created`` is UTC to the second.

    ``credits`` and ``usd`` are the price by the catalog, None where it is unknown; in the sandbox nothing was paid.
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


def recipe_of(job: Job) -> Recipe:
    """The recipe of a job's pictures. Input pictures that an address alone opens to everybody are left out of it."""
    return Recipe(
        model=job.model,
        parameters={name: kept for name, value in job.body.items() if (kept := _shareable(value)) is not None},
        task_id=storable(job.task_id),
        sandbox=job.payer == "sandbox",
        credits=job.credits if math.isfinite(job.credits) else None,
        usd=job.usd if math.isfinite(job.usd) else None,
        created=datetime.fromtimestamp(int(job.created_at), UTC),
    )


def form_of(data: bytes) -> str | None:
    """``png``, ``jpeg`` or ``webp`` by a file's first bytes; None for everything else."""
    if data.startswith(PNG_START):
        return "png"
    if data.startswith(JPEG_START):
        return "jpeg"
    return "webp" if data[:4] == b"RIFF" and data[8:RIFF_HEAD] == b"WEBP" else None


def embed(data: bytes, recipe: Recipe) -> bytes:
    """The file with the recipe in it instead of an earlier one; everything else in it stays.

    A file comes back as it is where it is an SVG or cannot be read, and where the recipe has more than LARGEST_TEXT
    bytes or, packed, than the 64 KB of a JPEG's segment.
    """
    form, text = form_of(data), recipe.model_dump_json().encode()
    if form is None or len(text) > LARGEST_TEXT:
        return data
    split, add = FORMS[form]
    try:
        *parts, rest = split(data)
        kept = [part for part in parts if _record(part) is None]
        return b"".join(add(kept, MARK + zlib.compress(text))) + rest
    except FAULTS:
        return data


def read(data: bytes) -> Recipe | None:
    """The recipe in a file, whoever wrote it; None where there is none that can be read. Never raises."""
    form = form_of(data)
    if form is None:
        return None
    try:
        *parts, _ = FORMS[form][0](data)
        packed = next((record for part in parts if (record := _record(part)) is not None), None)
        return None if packed is None else Recipe.model_validate_json(_unpacked(packed))
    except FAULTS:
        return None


def _shareable(value: Value) -> Value | None:
    """The value without uploads and without passwords in web addresses; None where nothing is left."""
    if isinstance(value, list):
        return [kept for item in value if isinstance(kept := _shareable(item), str)] or None
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        return value
    try:
        parts = urlsplit(value)
    except ValueError:
        return value
    folder, _, name = parts.path.rpartition("/")
    if folder.endswith(UPLOADS) and UPLOAD.fullmatch(name):
        return None
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else value


def _record(part: bytes) -> bytes | None:
    """The packed recipe in a part of a file, or None for any other part: all three formats have it within 8 bytes."""
    at = part.find(MARK, 0, 8 + len(MARK))
    return None if at < 0 else part[at + len(MARK) :]


def _unpacked(packed: bytes) -> bytes:
    """The text, never more than LARGEST_TEXT bytes of it. What follows a record in its part is not looked at."""
    unpacking = zlib.decompressobj()
    text = unpacking.decompress(packed, LARGEST_TEXT)
    if not unpacking.eof:
        raise ValueError("the recipe is too long or breaks off")
    return text


# -- parts of a file: joined they are the file; the last is whatever follows its end, or in a JPEG the picture itself --


def _checked(parts: list[bytes], size: int) -> list[bytes]:
    """The parts, if the last one is whole, so that its size in bytes is ``size``, and there are not too many."""
    if len(parts[-1]) != size or len(parts) > MOST_PARTS:
        raise ValueError("the file breaks off, or is no picture")
    return parts


def _split_png(data: bytes) -> list[bytes]:
    parts, at = [data[:8]], 8
    while parts[-1][4:8] != b"IEND":
        size = struct.unpack_from(">I", data, at)[0] + 12
        parts.append(data[at : at + size])
        _checked(parts, size)
        at += size
    return [*parts, data[at:]]


def _add_to_png(parts: list[bytes], record: bytes) -> list[bytes]:
    chunk = b"iTXt" + record
    *before, end = parts
    return [*before, struct.pack(">I", len(record)), chunk, struct.pack(">I", zlib.crc32(chunk)), end]


def _split_jpeg(data: bytes) -> list[bytes]:
    """The segments before the first scan."""
    parts, at = [data[:2]], 2
    while data[at : at + 2] != b"\xff\xda":
        marker, size = struct.unpack_from(">HH", data, at)
        if marker < 0xFFC0 or size < 2 or 0xFFD0 <= marker <= 0xFFD9:
            raise ValueError("no segment stands here")
        parts.append(data[at : at + 2 + size])
        _checked(parts, 2 + size)
        at += 2 + size
    return [*parts, data[at:]]


def _add_to_jpeg(parts: list[bytes], record: bytes) -> list[bytes]:
    """Behind JFIF and Exif, which must come first, and before a second picture's offsets, which count from APP2."""
    later = (number for number, part in enumerate(parts) if number and part[:2] not in (b"\xff\xe0", b"\xff\xe1"))
    place = next(later, len(parts))
    return [*parts[:place], b"\xff\xe1" + struct.pack(">H", 2 + len(record)) + record, *parts[place:]]


def _split_webp(data: bytes) -> list[bytes]:
    at, end = RIFF_HEAD, 8 + struct.unpack_from("<I", data, 4)[0]
    parts = [data[:at]]
    while at < end:
        size = struct.unpack_from("<I", data, at + 4)[0] + 8
        parts.append(data[at : at + size])
        _checked(parts, size)
        at += size + size % 2
    return [*parts, data[at:]]


def _add_to_webp(parts: list[bytes], record: bytes) -> list[bytes]:
    """A file that is nothing but its picture becomes an extended one, which alone may hold other chunks."""
    chunks = parts[1:]
    if not chunks[0].startswith(b"VP8X"):
        chunks.insert(0, _extended(chunks[0]))
    chunks.append(WEBP_CHUNK + struct.pack("<I", len(record)) + record)
    body = b"WEBP" + b"".join(chunk + bytes(len(chunk) % 2) for chunk in chunks)
    return [b"RIFF", struct.pack("<I", len(body)), body]


def _extended(picture: bytes) -> bytes:
    """The chunk that says size in pixels and transparency of a picture, as its own first bytes say them."""
    if picture.startswith(b"VP8L") and picture[8] == 0x2F:
        bits = int.from_bytes(picture[9:13], "little")
        width, height, alpha = bits & 0x3FFF, bits >> 14 & 0x3FFF, ALPHA_FLAG * (bits >> 28 & 1)
    elif picture.startswith(b"VP8 ") and picture[11:14] == b"\x9d\x01\x2a":
        width, height = ((side & 0x3FFF) - 1 for side in struct.unpack_from("<HH", picture, 14))
        alpha = 0
    else:
        raise ValueError("no picture that we know")
    return b"VP8X" + struct.pack("<IB3x", 10, alpha) + width.to_bytes(3, "little") + height.to_bytes(3, "little")


Split = Callable[[bytes], list[bytes]]
Add = Callable[[list[bytes], bytes], list[bytes]]
FORMS: Mapping[str, tuple[Split, Add]] = {
    "png": (_split_png, _add_to_png),
    "jpeg": (_split_jpeg, _add_to_jpeg),
    "webp": (_split_webp, _add_to_webp),
}
