"""Fetched pictures: what is kept, what is refused, and that a file is there whole or not at all."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import io
import resource
import struct
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from PIL import Image

from components.errors import PictureNotSaved
from components.pictures.kept import KeptPicture
from components.pictures.library import PictureLibrary
from tests.jobs.faulty import Answer, endless, hang_up, http, misbehaving, picture, png, reset

SVG = b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"></svg>'
WEB_PAGE = b"<!doctype html><svg><title>Just a moment</title>"


def bomb(side: int = 13_300) -> bytes:
    """A valid PNG of a few kilobytes that decodes to 177 million pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress(bytes((side + 7) // 8 + 1) * side, 9)
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def two_frames() -> bytes:
    """A JPEG that holds a second one, as cameras and HDR encoders write it."""
    file, frame = io.BytesIO(), Image.effect_noise((30, 20), 50).convert("RGB")
    frame.save(file, "MPO", save_all=True, append_images=[frame])
    return file.getvalue()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[PictureLibrary]:
    async with httpx2.AsyncClient(trust_env=False) as http_client:
        yield PictureLibrary(tmp_path / "deep" / "kept", http_client)


async def fetched(store: PictureLibrary, answer: Answer) -> KeptPicture:
    async with misbehaving(file=[answer]) as upstream:
        return await store.keep(f"{upstream.address}/1", upstream.address)


def in_reply(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


GOOD = {
    "png": (png(30, 20), "png"),
    "jpeg": (png(30, 20, form="JPEG"), "jpeg"),
    "webp": (png(30, 20, form="WEBP"), "webp"),
    "jpeg of two frames": (two_frames(), "jpeg"),
    "svg": (SVG, "svg"),
    "svg with a view box": (b'<svg viewBox="0 0 30 20"/>', "svg"),
    "svg after a byte order mark": (b'\xef\xbb\xbf<svg width="30px" height="20px"></svg>', "svg"),
}


@pytest.mark.parametrize(("data", "form"), GOOD.values(), ids=GOOD)
@pytest.mark.parametrize("kind", ["image/png", "text/html", ""])
async def test_a_picture_is_kept_by_its_content(store: PictureLibrary, data: bytes, form: str, kind: str) -> None:
    """Format and size are read from the bytes; what the server calls them does not matter."""
    kept = await fetched(store, http(data, kind=kind))

    assert kept.name == f"{hashlib.sha256(data).hexdigest()}.{form}"
    assert (kept.width, kept.height, kept.format, kept.size) == (30, 20, form, len(data))
    assert kept.source.startswith("http://127.0.0.1")
    assert store.shelf.read(kept.name).read_bytes() == data


@pytest.mark.parametrize("size", ['width="1.2.3" height="1"', 'width="." height="."', f'width="{"9" * 400}" height="1"',
                                  'viewBox="0 0 1.1.1 2"', 'width="100%"', ""])  # fmt: skip
async def test_an_svg_of_no_readable_size_is_kept_without_one(store: PictureLibrary, size: str) -> None:
    """It is a picture all the same, and it was paid for."""
    kept = await fetched(store, picture(f"<svg {size}></svg>".encode()))

    assert (kept.width, kept.height, kept.format) == (0, 0, "svg")


async def test_the_same_bytes_are_kept_once(store: PictureLibrary) -> None:
    """By whatever way, at whatever time they come."""
    both = await asyncio.gather(*(fetched(store, picture(png(30, 20))) for _ in range(8)))
    inline = await store.keep(in_reply(png(30, 20)), "http://x")

    assert {kept.name for kept in both} == {inline.name}
    assert [path.name for path in store.shelf.folder.iterdir()] == [inline.name]


@pytest.mark.parametrize(
    "address",
    [
        in_reply(png(30, 20)),
        "data:image/png," + quote(png(30, 20)),
        "data:;base64," + base64.b64encode(png(30, 20)).decode(),
        "data:image/svg+xml;charset=utf-8," + quote('<svg width="30" height="20"></svg>'),
    ],
    ids=["base64", "percent", "untyped", "svg"],
)
async def test_a_picture_inside_the_reply_is_kept(store: PictureLibrary, address: str) -> None:
    """It has no source, and the address is not carried along."""
    kept = await store.keep(address, "http://x")

    assert (kept.width, kept.height, kept.source) == (30, 20, "")


@pytest.mark.parametrize("address", ["data:", "data:image/png;base64,", "data:image/png;base64,A", in_reply(b"text"),
                                     "data:image/png;base64," + "A" * 43_000_000])  # fmt: skip
async def test_a_broken_picture_inside_the_reply_is_refused(store: PictureLibrary, address: str) -> None:
    """As one that was fetched."""
    with pytest.raises(PictureNotSaved):
        await store.keep(address, "http://x")


REFUSED = {
    "a web page": http(WEB_PAGE, kind="image/png"),
    "text": http(b"no picture", kind="image/png"),
    "gif": picture(png(30, 20, form="GIF")),
    "bmp": picture(png(30, 20, form="BMP")),
    "nothing": picture(b""),
    "png cut in half": picture(png(300, 200)[:-200]),
    "jpeg cut in half": picture(png(300, 200, form="JPEG")[:900]),
    "svg cut in half": picture(SVG[:-10]),
    "bomb": picture(bomb()),
    "endless": endless(b"\0" * 500_000, kind="image/png"),
    "gzip bomb": http(gzip.compress(bytes(100_000_000), 9), headers={"Content-Encoding": "gzip"}),
    "shorter than announced": http(png(30, 20), length=99_999),
    "longer than announced": http(png(300, 200), length=50),
    "reset": reset(),
    "hung up": hang_up(),
    "404": http(png(30, 20), 404),
    "500": http(png(30, 20), 500),
    "204": http(b"", 204),
    "redirect to itself": http(b"", 302, headers={"Location": "/1"}),
    "redirect to a private address": http(b"", 302, headers={"Location": "https://10.0.0.1/1.png"}),
    "redirect to another port": http(b"", 307, headers={"Location": "http://127.0.0.1:1/1.png"}),
    "redirect to a file": http(b"", 302, headers={"Location": "file:///etc/passwd"}),
    "redirect to nonsense": http(b"", 302, headers={"Location": "https://xn--zzzzzzzz/"}),
    "redirect to nowhere": http(b"", 302),
    "svg with entities": picture(b'<!DOCTYPE svg [<!ENTITY a "b">]><svg width="1" height="1">&a;</svg>'),
}


@pytest.mark.parametrize("answer", REFUSED.values(), ids=REFUSED)
async def test_everything_else_is_refused_and_leaves_no_file(store: PictureLibrary, answer: Answer) -> None:
    """With a sentence for the visitor, and nothing half-written in the folder."""
    with pytest.raises(PictureNotSaved) as refusal:
        await fetched(store, answer)

    assert refusal.value.problem.code == "picture"
    assert "it was most likely charged" in str(refusal.value.problem)
    assert list(store.shelf.folder.iterdir()) == []


async def test_a_redirect_within_the_upstream_is_followed(store: PictureLibrary) -> None:
    """Three times at most."""
    moved = http(b"", 302, headers={"Location": "/there"})
    async with misbehaving(file=[moved, moved, moved, picture(png(30, 20))]) as upstream:
        kept = await store.keep(f"{upstream.address}/1", upstream.address)

    assert kept.width == 30
    assert [seen.path for seen in upstream.files] == ["/1", "/there", "/there", "/there"]
    assert [seen.headers.get("authorization") for seen in upstream.files] == [None] * 4


SEARCH = """
import asyncio, sys, httpx2, resource
from pathlib import Path
from components.errors import PictureNotSaved
from components.pictures.library import PictureLibrary
resource.setrlimit(resource.RLIMIT_CPU, (6, 6))
async def keep(piece):
    async with httpx2.AsyncClient() as http:
        try:
            await PictureLibrary(Path(sys.argv[1]), http).keep("data:," + piece * 500 + "x", "http://x")
        except PictureNotSaved:
            print("refused", piece)
for piece in sys.argv[2:]:
    asyncio.run(keep(piece))
"""


def test_a_hostile_beginning_does_not_occupy_the_process(tmp_path: Path) -> None:
    """Telling an SVG from other text is no search that never ends; the child has six seconds of processor time."""
    pieces = ["<!-- ", "%20", "<?xml>", "<!DOCTYPE svg>", "<!---->"]
    command = [sys.executable, "-u", "-c", SEARCH, str(tmp_path), *pieces]
    run = subprocess.run(command, capture_output=True, text=True, check=False)

    assert run.stdout.splitlines() == [f"refused {piece}" for piece in pieces]


async def test_a_full_disk_leaves_nothing_half_written(store: PictureLibrary) -> None:
    """The visitor learns that it cannot be stored, and no part of a file remains."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    noise = Image.effect_noise((200, 200), 50)
    file = io.BytesIO()
    noise.save(file, "PNG")
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(PictureNotSaved, match="cannot be stored here"):
            await store.keep(in_reply(file.getvalue()), "http://x")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert list(store.shelf.folder.iterdir()) == []


async def test_a_folder_that_cannot_be_written_is_told(store: PictureLibrary) -> None:
    """A file where the folder should be."""
    store.shelf.folder.rmdir()
    store.shelf.folder.write_text("no folder")

    with pytest.raises(PictureNotSaved, match="cannot be stored here"):
        await store.keep(in_reply(png(30, 20)), "http://x")


@pytest.mark.parametrize("name", ["", ".", "..", "../kept/{}", "/{}", "{}\0", "{}\n", "{}.png", "{upper}", "x{}", "..\\{}",
                                  f"{'0' * 64}.png", f"{'0' * 64}.gif", f"{'0' * 64}"])  # fmt: skip
async def test_only_the_name_of_a_kept_picture_has_a_path(store: PictureLibrary, name: str) -> None:
    """Everything else is nobody's, whatever it would lead to."""
    kept = (await store.keep(in_reply(png(30, 20)), "http://x")).name

    assert await store.read(kept) == store.shelf.folder / kept
    assert await store.read(name.format(kept, upper=kept.upper())) is None
    assert await store.read(str(store.shelf.folder / kept)) is None
