"""The picture library: which results it stores, which it refuses, and that a file is there complete or not at all."""

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
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from components.errors import PictureNotSaved
from components.pictures.library import PictureLibrary
from components.pictures.stored import StoredPicture
from tests.jobs.scripted_upstream import Answer, endless, hang_up, picture, png, reset, response, scripted_upstream
from tests.pictures.conftest import UPSTREAM, data_url, names

SVG = b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"></svg>'
WEB_PAGE = b"<!doctype html><svg><title>Just a moment</title>"


def bomb(side: int = 13_300) -> bytes:
    """A valid PNG of a few kilobytes that decodes to 177 million pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress(bytes((side + 7) // 8 + 1) * side, 9)
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def tiff_of_81_megapixels() -> bytes:
    """A valid TIFF of a few kilobytes."""
    file = io.BytesIO()
    Image.new("1", (9000, 9000)).save(file, "TIFF", compression="group4")
    return file.getvalue()


def two_frames() -> bytes:
    """A JPEG with a second picture behind it, as cameras and HDR encoders write it."""
    file, frame = io.BytesIO(), Image.effect_noise((30, 20), 50).convert("RGB")
    frame.save(file, "MPO", save_all=True, append_images=[frame])
    return file.getvalue()


def turned(orientation: int) -> bytes:
    """A JPEG that viewers show 30 pixels wide and 20 high."""
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    Image.new("RGB", (20, 30) if orientation > 4 else (30, 20), "teal").save(file, "JPEG", exif=exif)
    return file.getvalue()


def with_large_metadata() -> bytes:
    """A PNG that is small because both are compressed."""
    file, info = io.BytesIO(), PngInfo()
    info.add_text("workflow", "x" * 2_000_000, zip=True)
    Image.new("RGB", (30, 20), "teal").save(file, "PNG", pnginfo=info, icc_profile=bytes(2_000_000))
    return file.getvalue()


async def fetched(library: PictureLibrary, answer: Answer) -> StoredPicture:
    async with scripted_upstream(file=[answer]) as upstream:
        return await library.keep(f"{upstream.address}/1", upstream.address)


GOOD = {
    "png": (png(30, 20), "png"),
    "png with a profile and a text of two megabytes": (with_large_metadata(), "png"),
    "jpeg": (png(30, 20, form="JPEG"), "jpeg"),
    "webp": (png(30, 20, form="WEBP"), "webp"),
    "jpeg of two frames": (two_frames(), "jpeg"),
    "jpeg on its side": (turned(6), "jpeg"),
    "jpeg with damaged exif": (turned(0).replace(b"Exif\0\0MM", b"Exif\0\0MX"), "jpeg"),
    "gif": (png(30, 20, form="GIF"), "gif"),
    "avif": (png(30, 20, form="AVIF"), "avif"),
    "svg": (SVG, "svg"),
    "svg with a view box": (b'<svg viewBox="0 0 30 20"/>', "svg"),
    "svg after a byte order mark": (b'\xef\xbb\xbf<svg width="30px" height="20px"></svg>', "svg"),
}


@pytest.mark.parametrize(("data", "picture_format"), GOOD.values(), ids=GOOD)
async def test_a_picture_is_stored_by_its_content(
    library: PictureLibrary, folder: Path, data: bytes, picture_format: str
) -> None:
    """Format and size are read from the bytes; the server's Content-Type does not matter."""
    for media_type in ("image/png", "text/html", ""):
        stored = await fetched(library, response(data, kind=media_type))

        assert stored.name == f"{hashlib.sha256(data).hexdigest()}.{picture_format}"
        assert (stored.width, stored.height, stored.format, stored.size) == (30, 20, picture_format, len(data))
        assert stored.source.startswith("http://127.0.0.1")
        assert (folder / stored.name).read_bytes() == data


@pytest.mark.parametrize("form", ["BMP", "TIFF", "JPEG2000", "gzip"])
async def test_a_picture_that_browsers_do_not_show_is_stored_as_one_that_they_do(
    library: PictureLibrary, folder: Path, form: str
) -> None:
    """It was paid for, and its address may expire."""
    data = gzip.compress(png(30, 20)) if form == "gzip" else png(30, 20, form=form)

    stored = await fetched(library, response(data, kind="application/octet-stream"))

    assert (stored.width, stored.height, stored.format) == (30, 20, "png")
    assert Image.open(folder / stored.name).tobytes() == Image.open(io.BytesIO(png(30, 20))).tobytes()


async def test_an_svg_without_a_readable_size_is_stored_with_size_0(library: PictureLibrary) -> None:
    """It is a picture all the same, and it was paid for."""
    for size in ('width="1.2.3" height="1"', 'width="." height="."', f'width="{"9" * 400}" height="1"',
                 'viewBox="0 0 1.1.1 2"', 'width="100%"', ""):  # fmt: skip
        stored = await library.keep(data_url(f"<svg {size}></svg>".encode()), UPSTREAM)
        assert (stored.width, stored.height, stored.format) == (0, 0, "svg")


async def test_the_same_bytes_are_stored_once(library: PictureLibrary, folder: Path) -> None:
    """Wherever they come from, also at the same time."""
    both = await asyncio.gather(*(fetched(library, picture(png(30, 20))) for _ in range(8)))
    inline = await library.keep(data_url(png(30, 20)), UPSTREAM)

    assert {picture.name for picture in both} == {inline.name}
    assert names(folder) == {inline.name}


@pytest.mark.parametrize(
    "address",
    [
        data_url(png(30, 20)),
        "data:image/png," + quote(png(30, 20)),
        "data:;base64," + base64.b64encode(png(30, 20)).decode(),
        "data:image/svg+xml;charset=utf-8," + quote('<svg width="30" height="20"></svg>'),
    ],
    ids=["base64", "percent", "untyped", "svg"],
)
async def test_a_picture_inside_the_reply_is_stored_without_a_source(library: PictureLibrary, address: str) -> None:
    stored = await library.keep(address, UPSTREAM)

    assert (stored.width, stored.height, stored.source) == (30, 20, "")


async def test_a_broken_picture_inside_the_reply_is_refused(library: PictureLibrary) -> None:
    too_large = "data:image/png;base64," + "A" * 43_000_000
    for address in ("data:", data_url(b""), "data:image/png;base64,A", data_url(b"text"), too_large):
        with pytest.raises(PictureNotSaved):
            await library.keep(address, UPSTREAM)


GZIP_BOMB = gzip.compress(bytes(100_000_000), 1)
REFUSED = {
    "a web page": response(WEB_PAGE, kind="image/png"),
    "text": response(b"no picture", kind="image/png"),
    "gif cut in half": picture(png(300, 200, form="GIF")[:90]),
    "avif cut in half": picture(png(30, 20, form="AVIF")[:-20]),
    "avif without a picture": picture(png(30, 20, form="AVIF").replace(b"pitm", b"xxxx")),
    "bmp cut in half": picture(png(30, 20, form="BMP")[:-900]),
    "tiff bomb": picture(tiff_of_81_megapixels()),
    "gzip bomb without a header": picture(GZIP_BOMB),
    "nothing": picture(b""),
    "png cut in half": picture(png(300, 200)[:-200]),
    "jpeg cut in half": picture(png(300, 200, form="JPEG")[:900]),
    "svg cut in half": picture(SVG[:-10]),
    "bomb": picture(bomb()),
    "endless": endless(b"\0" * 500_000, kind="image/png"),
    "gzip bomb": response(GZIP_BOMB, headers={"Content-Encoding": "gzip"}),
    "shorter than announced": response(png(30, 20), length=99_999),
    "longer than announced": response(png(300, 200), length=50),
    "reset": reset(),
    "hung up": hang_up(),
    "404": response(png(30, 20), 404),
    "500": response(png(30, 20), 500),
    "204": response(b"", 204),
    "redirect to itself": response(b"", 302, headers={"Location": "/1"}),
    "redirect to a private address": response(b"", 302, headers={"Location": "https://10.0.0.1/1.png"}),
    "redirect to another port": response(b"", 307, headers={"Location": "http://127.0.0.1:1/1.png"}),
    "redirect to a file": response(b"", 302, headers={"Location": "file:///etc/passwd"}),
    "redirect to nonsense": response(b"", 302, headers={"Location": "https://xn--zzzzzzzz/"}),
    "redirect to nowhere": response(b"", 302),
    "svg with entities": picture(b'<!DOCTYPE svg [<!ENTITY a "b">]><svg width="1" height="1">&a;</svg>'),
}
MAY_PASS = {
    "shorter than announced",
    "reset",
    "hung up",
    "404",
    "500",
    "204",
    "redirect to itself",
    "redirect to nowhere",
    "redirect to nonsense",
}


@pytest.mark.parametrize("name", REFUSED)
async def test_anything_else_is_refused_and_leaves_no_file(library: PictureLibrary, folder: Path, name: str) -> None:
    """For good, but for what may be another answer the next time."""
    with pytest.raises(PictureNotSaved) as refusal:
        await fetched(library, REFUSED[name])

    assert refusal.value.definite == (name not in MAY_PASS)
    assert "it was most likely charged" in str(refusal.value.problem)
    assert names(folder) == set()


async def test_three_redirects_within_the_upstream_are_followed(library: PictureLibrary) -> None:
    moved = response(b"", 302, headers={"Location": "/there"})
    async with scripted_upstream(file=[moved, moved, moved, picture(png(30, 20))]) as upstream:
        stored = await library.keep(f"{upstream.address}/1", upstream.address)

    assert stored.width == 30
    assert [request.path for request in upstream.files] == ["/1", "/there", "/there", "/there"]
    assert [request.headers.get("authorization") for request in upstream.files] == [None] * 4


SEARCH = """
import asyncio, sys, httpx2, resource
from pathlib import Path
from components.errors import PictureNotSaved
from components.pictures.library import PictureLibrary
from components.pictures.storage.folder import FolderStorage
resource.setrlimit(resource.RLIMIT_CPU, (6, 6))
async def keep(piece):
    async with httpx2.AsyncClient() as http:
        try:
            await PictureLibrary(FolderStorage(Path(sys.argv[1])), http).keep("data:," + piece * 500 + "x", "http://x")
        except PictureNotSaved:
            print("refused", piece)
for piece in sys.argv[2:]:
    asyncio.run(keep(piece))
"""


@pytest.mark.processes
def test_no_file_makes_the_detection_of_an_svg_run_for_long(tmp_path: Path) -> None:
    """Repeated comments once made the regular expression exponential; the child has six seconds of processor time."""
    pieces = ["<!-- ", "%20", "<?xml>", "<!DOCTYPE svg>", "<!---->"]
    command = [sys.executable, "-u", "-c", SEARCH, str(tmp_path), *pieces]
    run = subprocess.run(command, capture_output=True, text=True, check=False)

    assert run.stdout.splitlines() == [f"refused {piece}" for piece in pieces]


async def test_a_full_disk_leaves_no_partial_file(library: PictureLibrary, folder: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    file = io.BytesIO()
    Image.effect_noise((200, 200), 50).save(file, "PNG")
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(PictureNotSaved, match="cannot be stored here"):
            await library.keep(data_url(file.getvalue()), UPSTREAM)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert names(folder) == set()


async def test_a_missing_folder_is_reported(library: PictureLibrary, folder: Path) -> None:
    await asyncio.to_thread(folder.rmdir)

    with pytest.raises(PictureNotSaved, match="cannot be stored here"):
        await library.keep(data_url(png(30, 20)), UPSTREAM)


@pytest.mark.parametrize("name", ["", ".", "..", "../pictures/{}", "/{}", "{}\0", "{}\n", "{}.png", "{upper}", "x{}", "..\\{}",
                                  "{folder}/{}", f"{'0' * 64}.png", f"{'0' * 64}.gif", f"{'0' * 64}"])  # fmt: skip
async def test_only_the_name_of_a_stored_picture_can_be_read(library: PictureLibrary, folder: Path, name: str) -> None:
    stored = (await library.keep(data_url(png(30, 20)), UPSTREAM)).name

    assert await library.read(stored) == folder / stored
    assert await library.read(name.format(stored, upper=stored.upper(), folder=folder)) is None
