"""The recipe inside a file: what is embedded is read back, and nothing else in the file changes."""

from __future__ import annotations

import io
import json
import math
import random
import struct
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from components.pictures.check import inspect
from components.pictures.metadata import KEYWORD, LARGEST_TEXT, MARK, PNG_SIGNATURE, Recipe, embed, read

EXIF = Image.Exif()
EXIF[0x010E] = "a description that was there before"
PROMPT = 'Кот "в сапогах" <script>alert(1)</script> \u202eشعر 🍏\0\n' * 3
PARAMETERS: dict[str, Any] = {
    "model": "flux-2", "prompt": PROMPT, "seed": 7, "scale": 2.5, "hd": True, "urls": ["https://a.example/b.png?c=d"],
}  # fmt: skip
RECIPE = Recipe(
    model="flux-2", parameters=PARAMETERS, task_id="n41", sandbox=True, credits=5, usd=0.05, created=datetime(2026, 3, 4, tzinfo=UTC)
)  # fmt: skip


def noise(mode: str, size: tuple[int, int] = (31, 17)) -> Image.Image:
    return Image.frombytes("RGBA", size, random.Random(1).randbytes(4 * size[0] * size[1])).convert(mode)


def saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def with_text() -> PngImagePlugin.PngInfo:
    text = PngImagePlugin.PngInfo()
    text.add_text("Title", "a title")
    text.add_itxt("Comment", "ein Kommentar 🍏", "de", "Kommentar")
    return text


FRAMES = [noise("RGBA"), noise("RGBA").rotate(180), noise("RGBA").rotate(90)]
FILES = {
    "png RGB": saved(noise("RGB"), "PNG"),
    "png RGBA with texts": saved(noise("RGBA"), "PNG", pnginfo=with_text(), exif=EXIF, dpi=(72, 72)),
    "png palette": saved(noise("RGB").quantize(17), "PNG", transparency=3),
    "png 16 bit": saved(Image.frombytes("I;16", (9, 7), random.Random(2).randbytes(126)), "PNG"),
    "png animated": saved(FRAMES[0], "PNG", save_all=True, append_images=FRAMES[1:], duration=50),
    "png with trailing data": saved(noise("RGB"), "PNG") + b"behind" + MARK,
    "jpeg": saved(noise("RGB"), "JPEG"),
    "jpeg progressive with exif": saved(
        noise("RGB"), "JPEG", progressive=True, exif=EXIF, icc_profile=b"p" * 70_000, comment=b"hello", xmp=b"<x/>"
    ),
    "jpeg grey": saved(noise("L"), "JPEG"),
    "jpeg CMYK": saved(noise("CMYK"), "JPEG"),
    "jpeg of two frames": saved(noise("RGB"), "MPO", save_all=True, append_images=[noise("RGB").rotate(180)]),
    "webp lossy": saved(noise("RGB"), "WEBP", quality=60),
    "webp lossy and large": saved(noise("RGB", (1025, 3)), "WEBP"),
    "webp lossless": saved(noise("RGB"), "WEBP", lossless=True),
    "webp lossless and clear": saved(noise("RGBA"), "WEBP", lossless=True),
    "webp lossy and clear": saved(noise("RGBA"), "WEBP"),
    "webp with exif": saved(noise("RGB"), "WEBP", exif=EXIF, icc_profile=b"profile", xmp=b"<xmp/>"),
    "webp animated": saved(FRAMES[0], "WEBP", save_all=True, append_images=FRAMES[1:], duration=[50, 60, 70], loop=2),
}  # fmt: skip
every_file = pytest.mark.parametrize("data", FILES.values(), ids=FILES)


def frames(data: bytes) -> list[tuple[str, tuple[int, int], bytes]]:
    """Every frame as a decoder sees it."""
    with Image.open(io.BytesIO(data)) as picture:
        content = []
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            picture.load()
            content.append((picture.mode, picture.size, picture.tobytes()))
        return content


def described(data: bytes) -> dict[str, Any]:
    """Everything Pillow reads from a file except its pixels and the recipe."""
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        known = {name: value for name, value in picture.info.items() if name not in ("mp", KEYWORD.decode())}
        return {**known, "exif tags": dict(picture.getexif()), "format": picture.format}


@every_file
def test_a_recipe_is_read_back_and_nothing_else_changes(data: bytes) -> None:
    """Pixels of every frame, colour profile, EXIF and texts stay; the library still accepts the file."""
    written = embed(data, RECIPE)

    assert read(data) is None
    assert read(written) == RECIPE
    assert frames(written) == frames(data)
    assert described(written) == described(data)
    assert inspect(written) == inspect(data)
    assert len(written) < len(data) + 1200


@every_file
def test_a_later_recipe_replaces_an_earlier_one(data: bytes) -> None:
    later = RECIPE.model_copy(update={"parameters": {"prompt": "another"}, "task_id": None, "credits": None})
    twice = embed(embed(data, RECIPE), later)

    assert read(twice) == later
    assert twice == embed(data, later)
    assert twice.count(KEYWORD) == data.count(KEYWORD) + 1


@pytest.mark.parametrize(("name", "flag"), [("webp lossless and clear", 0x10), ("webp lossless", 0), ("webp lossy", 0)])
def test_a_simple_webp_becomes_an_extended_one_with_size_and_transparency(name: str, flag: int) -> None:
    """As the specification of the container says: flags, three reserved bytes, width and height minus one; even chunks."""
    data = FILES[name]
    written = embed(data, RECIPE)

    assert data[12:15] == b"VP8"
    assert data[15:16] in b" L"
    assert written[12:20] == b"VP8X\x0a\0\0\0"
    assert written[20:30] == bytes([flag, 0, 0, 0, 30, 0, 0, 16, 0, 0])
    assert struct.unpack_from("<I", written, 4)[0] == len(written) - 8
    assert data[12:] in written


def test_a_jpeg_still_begins_with_jfif_and_exif() -> None:
    """Then comes the recipe; APP2, where the offsets of a second picture count from, comes behind it."""
    written = embed(FILES["jpeg progressive with exif"], RECIPE)
    double = embed(FILES["jpeg of two frames"], RECIPE)

    assert written.index(b"JFIF") == 6
    assert written.index(b"JFIF") < written.index(b"Exif\0\0") < written.index(KEYWORD) < written.index(b"ICC_PROFILE")
    assert double.index(KEYWORD) < double.index(b"MPF\0")


def test_a_png_holds_the_recipe_as_a_standard_text() -> None:
    """Pillow, which knows nothing of recipes, reads it under the keyword as JSON; the checksum of the chunk is right."""
    written = embed(FILES["png RGB"], RECIPE)
    at = written.index(b"iTXt")
    length = int.from_bytes(written[at - 4 : at])
    assert zlib.crc32(written[at : at + 4 + length]) == int.from_bytes(written[at + 4 + length : at + 8 + length])
    with Image.open(io.BytesIO(written)) as picture:
        shown = json.loads(picture.text[KEYWORD.decode()])  # type: ignore[attr-defined]  # only a PNG has it

    assert shown["parameters"] == PARAMETERS
    assert (shown["generator"], shown["created"]) == ("Image playground for API in One", "2026-03-04T00:00:00Z")


def test_a_recipe_that_is_too_long_for_the_format_is_left_out() -> None:
    """Random letters that zlib cannot compress to the 64 KB of a JPEG; a PNG holds them."""
    large = RECIPE.model_copy(update={"parameters": {"prompt": random.Random(1).randbytes(60_000).hex()}})

    assert embed(FILES["jpeg"], large) == FILES["jpeg"]
    assert read(embed(FILES["png RGB"], large)) == large
    endless = RECIPE.model_copy(update={"parameters": {"prompt": "x" * LARGEST_TEXT}})
    for data in FILES.values():
        assert embed(data, endless) == data


def test_a_file_that_cannot_hold_a_recipe_is_returned_unchanged() -> None:
    """Text, nothing, files that end before their picture begins, a cut WebP, a WebP without a width."""
    flat = b"RIFF\x16\0\0\0WEBPVP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a\0\0\x05\0"
    starts = [PNG_SIGNATURE, b"\xff\xd8", b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe0\0\4ab", b"RIFF\x04\0\0\0WEBP"]
    cut = [data[: len(data) // 3] for name, data in FILES.items() if name.startswith("webp")]
    for data in [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", flat, *starts, *cut]:
        assert embed(data, RECIPE) == data
        assert read(data) is None


# -- files of strangers ------------------------------------------------------------------------


def forged(packed: bytes) -> Iterator[bytes]:
    """Files of each format with this instead of the compressed recipe."""
    for name in ("png RGB", "jpeg", "webp lossy", "webp with exif"):
        data = embed(FILES[name], RECIPE)
        if name.startswith("png"):
            chunk = b"iTXt" + MARK + packed
            whole = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
            yield FILES[name][:-12] + whole + FILES[name][-12:]
        elif name == "jpeg":
            content = MARK + packed
            yield data[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + data[2:]
        else:
            at = data.index(MARK)
            content = MARK + packed
            head = data[: at - 4] + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
            yield head[:4] + struct.pack("<I", len(head) - 8) + head[8:]


def packed(**changes: Any) -> bytes:
    return zlib.compress(json.dumps({**json.loads(RECIPE.model_dump_json()), **changes}).encode())


def test_a_recipe_that_another_program_wrote_is_read() -> None:
    """So the cases below are refused only for what is wrong with them; unknown fields are ignored."""
    for file in [*forged(packed()), *forged(packed(later="than us")), *forged(packed() + b"\0")]:
        assert read(file) == RECIPE


WRONG = {
    "no zlib": b"nonsense",
    "cut": packed()[:-5],
    "empty": b"",
    "no JSON": zlib.compress(b"{"),
    "a list": zlib.compress(b"[]"),
    "no UTF-8": zlib.compress(b'{"model": "\xff"}'),
    "half a surrogate pair": zlib.compress(RECIPE.model_dump_json().replace("flux-2", "\\ud800").encode()),
    "too deep": zlib.compress(b"[" * 200_000),
    "a bomb": zlib.compress(b" " * 30_000_000 + RECIPE.model_dump_json().encode(), 9),
    "a long number": zlib.compress(RECIPE.model_dump_json().replace('"seed":7', '"seed":' + "7" * 100_000).encode()),
    "another version": packed(version=2),
    "a true version": packed(version="1"),
    "a number as model": packed(model=7),
    "parameters that are a list": packed(parameters=[["prompt", "x"]]),
    "a nested object": packed(parameters={"prompt": {"a": "b"}}),
    "a list of lists": packed(parameters={"urls": [["a"]]}),
    "a list of numbers": packed(parameters={"urls": [1]}),
    "nothing": packed(parameters={"prompt": None}),
    "no number": packed(parameters={"seed": math.nan}),
    "an endless number": packed(parameters={"seed": math.inf}),
    "a text as flag": packed(sandbox="yes"),
    "an endless price": packed(credits=math.inf),
    "no date": packed(created="yesterday"),
    "a date without a time zone": packed(created="2026-03-04T00:00:00"),
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_what_is_not_a_valid_recipe_is_none(content: bytes) -> None:
    for file in forged(content):
        assert read(file) is None


def test_a_file_full_of_keywords_is_searched_quickly() -> None:
    """32 MB of them, which once would have kept a thread busy."""
    before = time.process_time()
    for data in (MARK * 1_000_000, b"iTXt" + MARK):
        read(PNG_SIGNATURE + data)
    assert time.process_time() - before < 2


texts = st.text(st.characters(codec="utf-8"), max_size=300)
values = st.one_of(texts, st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), st.booleans())
recipes = st.builds(
    Recipe,
    model=texts,
    parameters=st.dictionaries(texts, values | st.lists(texts, max_size=5), max_size=8),
    task_id=st.none() | texts,
    sandbox=st.booleans(),
    credits=st.none() | st.floats(0, 1e9),
    usd=st.none() | st.floats(0, 1e9),
    created=st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0)),
)
SMALL = [FILES[name] for name in ("png RGB", "jpeg", "webp lossy", "webp lossless and clear", "webp animated")]


@given(recipes, st.sampled_from(SMALL))
@settings(max_examples=150, deadline=None)
def test_any_recipe_is_read_back(recipe: Recipe, data: bytes) -> None:
    written = embed(data, recipe)

    assert read(written) == recipe
    assert frames(written) == frames(data)


@pytest.mark.parametrize("letters", ["x", "é", "語", "🍏", '"', "<script>", "\u202e", "\0"])
def test_a_prompt_of_ten_thousand_characters_is_read_back(letters: str) -> None:
    long = RECIPE.model_copy(update={"parameters": {"prompt": letters * 10_000}})
    for data in SMALL:
        assert read(embed(data, long)) == long


@given(st.sampled_from([*SMALL, *(embed(data, RECIPE) for data in SMALL)]), st.data())
@example(b"RIFF\xff\xff\xff\xffWEBP", None)
@settings(max_examples=300, deadline=None)
def test_a_damaged_file_is_never_an_error(data: bytes, draw: Any) -> None:
    """Bytes are changed, removed, inserted or cut off."""
    broken = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 4)) if draw else 0):
        at = draw.draw(st.integers(0, len(broken)))
        piece = draw.draw(
            st.binary(max_size=6) | st.sampled_from([b"\xff\xff\xff\xff", b"\0\0\0\0", MARK, b"\x7f\xff\xff\xff"])
        )
        broken[at : at + draw.draw(st.integers(0, 8))] = piece
        if draw.draw(st.booleans()):
            broken = broken[:at]
    for one in (bytes(broken), data[: len(broken) // 2]):
        content = read(one)
        assert content is None or isinstance(content, Recipe)
        written = embed(one, RECIPE)
        assert written == one or read(written) == RECIPE


@given(
    st.binary(max_size=200),
    st.sampled_from([PNG_SIGNATURE, b"\xff\xd8\xff", b"RIFF\x64\0\0\0WEBP", b"RIFF\x40\0\0\0WEBPVP8L", b""]),
)
@settings(max_examples=200, deadline=None)
def test_random_bytes_are_never_an_error(data: bytes, start: bytes) -> None:
    assert read(start + data) is None
    written = embed(start + data, RECIPE)
    assert written == start + data or read(written) == RECIPE
