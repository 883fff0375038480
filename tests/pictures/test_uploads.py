"""Uploads: what is accepted, how long it is kept, and who owns it, all of it from the files alone."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.requests import ClientDisconnect

from components.errors import InputError, PictureNotSaved
from components.pictures.uploads import (
    BUSY,
    FULL,
    LARGEST_BYTES,
    LIFE_AFTER_USE_S,
    LIFE_S,
    MAX_ARRIVING,
    MOST_BYTES,
    MOST_FILES,
    MOST_OF_A_VISITOR,
    NAME,
    NO_ADDRESS,
    NO_PICTURE,
    TOO_LARGE,
    TOO_MANY,
    Uploads,
)
from tests.jobs.scripted_upstream import png

ANN, BOB = "a" * 40, "b" * 40
PAGE = "https://page.example"
HTML = b"<!doctype html><script>alert(1)</script>"
JPEG, WEBP = png(30, 20, form="JPEG"), png(30, 20, form="WEBP")
NO_PICTURES = {
    "text": b"hello",
    "nothing": b"",
    "html": HTML,
    "html before a picture": HTML + png(3, 2),
    "a picture before html": png(3, 2) + HTML,
    "a webp before html": WEBP + HTML,
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>',
    "gif": png(3, 2, form="GIF"),
    "gif that is a script": b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)",
    "pdf": b"%PDF-1.4\n",
    "half a png": png(300, 200)[:-20],
    "half a jpeg": png(300, 200, form="JPEG")[:400],
    "half a webp": WEBP[:-10],
    "a png's first bytes": png(3, 2)[:8],
}


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "uploads", PAGE, "http://127.0.0.1:1")


async def body(data: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def uploaded(uploads: Uploads, visitor: str = ANN, data: bytes = b"") -> str:
    """Upload a picture; its name."""
    return (await uploads.keep(visitor, body(data or png(3, 2)))).address.rpartition("/")[2]


async def refusal(uploads: Uploads, data: AsyncIterator[bytes], visitor: str = ANN) -> str:
    with pytest.raises(InputError) as caught:
        await uploads.keep(visitor, data)
    return caught.value.what


def files(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def age(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds, time.time() - seconds))


@pytest.mark.parametrize(("data", "form"), [(png(30, 20), "png"), (JPEG, "jpeg"), (WEBP, "webp")])
async def test_a_picture_is_stored_at_a_public_address_with_the_same_pixels(
    uploads: Uploads, tmp_path: Path, data: bytes, form: str
) -> None:
    """The answer has its size and when it expires."""
    upload = await uploads.keep(ANN, body(data, 7))

    name = upload.address.removeprefix(f"{PAGE}/uploads/")
    assert NAME.fullmatch(name)
    assert name.endswith(f".{form}")
    assert (upload.width, upload.height, upload.expires_in_s) == (30, 20, 6 * 3600)
    file = await uploads.read(name)
    assert file is not None
    stored, sent = (Image.open(file).convert("RGB").getpixel((15, 10)) for file in (file, io.BytesIO(data)))
    assert all(abs(one - other) <= 3 for one, other in zip(stored, sent, strict=True))  # type: ignore[arg-type]
    assert files(tmp_path / "uploads") == [name]


def photograph(form: str, mode: str = "RGB") -> bytes:
    """A picture on its side, 20 pixels wide and 30 high for its viewer, with everything that a camera writes into it."""
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112], exif[0x010F] = 6, "SECRET camera"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 29: "SECRET date"})
    picture = Image.linear_gradient("L").resize((30, 20)).convert(mode)
    more = {"comment": b"SECRET comment"} if form == "JPEG" else {}
    picture.save(file, form, exif=exif, xmp=b"<x>SECRET xmp</x>", icc_profile=b"profile", lossless=True, **more)
    return file.getvalue()


@pytest.mark.parametrize(
    ("form", "mode"), [("JPEG", "RGB"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "I;16"), ("PNG", "P"), ("WEBP", "RGB")]
)
async def test_of_a_photograph_only_the_upright_pixels_and_the_colour_profile_are_stored(
    uploads: Uploads, form: str, mode: str
) -> None:
    """Not where and with which camera it was taken, nor the short film or depth map that phones append."""
    data = photograph(form, mode) + (b"\0\0\0\x18ftypmp42 SECRET film" if form == "JPEG" else b"")
    assert b"SECRET" in data

    upload = await uploads.keep(ANN, body(data))

    file = await uploads.read(upload.address.rpartition("/")[2])
    assert file is not None
    stored, expected = Image.open(file), Image.open(io.BytesIO(data)).transpose(Image.Transpose.ROTATE_270)
    assert (upload.width, upload.height) == stored.size == (20, 30)
    assert b"SECRET" not in file.read_bytes()
    assert (dict(stored.getexif()), stored.info.get("icc_profile"), stored.mode) == ({}, b"profile", mode)
    for position in ((0, 0), (19, 0), (0, 29), (10, 15)):
        pair = [value if isinstance(value, tuple) else (value,) for value in map(pixel_at(position), (stored, expected))]
        assert all(abs(one - other) <= 3 for one, other in zip(*pair, strict=True)), (position, pair)


def pixel_at(position: tuple[int, int]) -> Callable[[Image.Image], Any]:
    return lambda picture: picture.getpixel(position)


@pytest.mark.parametrize("name", NO_PICTURES)
async def test_what_is_not_a_picture_is_refused_and_not_stored(uploads: Uploads, tmp_path: Path, name: str) -> None:
    """Judged by its content; a second file behind its end is refused too."""
    assert await refusal(uploads, body(NO_PICTURES[name])) == NO_PICTURE
    assert files(tmp_path / "uploads") == []


async def test_a_small_file_that_decodes_to_too_many_pixels_is_refused(uploads: Uploads) -> None:
    file = io.BytesIO()
    Image.new("1", (8_000, 6_000)).save(file, "PNG")

    assert len(file.getvalue()) < 100_000
    assert await refusal(uploads, body(file.getvalue())) == NO_PICTURE


async def test_of_a_body_that_is_too_large_no_more_is_read_than_the_limit(uploads: Uploads, tmp_path: Path) -> None:
    """An endless body ends there."""
    bytes_sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal bytes_sent
        while True:
            bytes_sent += 65_536
            yield b"\0" * 65_536

    assert await refusal(uploads, endless()) == TOO_LARGE
    assert bytes_sent <= LARGEST_BYTES + 65_536
    assert files(tmp_path / "uploads") == []


async def test_names_are_unique_and_do_not_reveal_the_owner(uploads: Uploads) -> None:
    """Nor that two belong to the same visitor."""
    names = [await uploaded(uploads) for _ in range(8)]

    assert len({part for name in names for part in (name[:43], name[43:65])}) == 16
    assert not any(ANN[:6] in name for name in names)


async def test_only_its_owner_removes_an_upload(uploads: Uploads, tmp_path: Path) -> None:
    """A name combined from two uploads belongs to neither; after a restart the owner is the same."""
    own, other = await uploaded(uploads), await uploaded(uploads, BOB)
    mixed = own[:43] + other[43:]
    assert not await uploads.remove(own, BOB)
    assert not await uploads.remove(own, "")
    assert not await uploads.remove(mixed, BOB)
    assert await uploads.read(own)

    again = Uploads(tmp_path / "uploads", PAGE, "http://127.0.0.1:1")

    assert await again.remove(own, ANN)
    assert not await again.remove(own, ANN)
    assert await uploads.read(own) is None
    assert files(tmp_path / "uploads") == [other]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../secret.png", "/etc/passwd", "secret.png", "x" * 65 + ".png\n", "\0", "x" * 65 + ".svg"]
)
async def test_no_other_name_leads_to_a_file(uploads: Uploads, tmp_path: Path, name: str) -> None:
    """Although such a file is in the folder or beside it."""
    for position in (tmp_path, tmp_path / "uploads"):
        (position / "secret.png").write_bytes(png(3, 2))

    assert await uploads.read(name) is None
    assert not await uploads.remove(name, ANN)
    assert (tmp_path / "secret.png").exists()


async def test_an_upload_expires_also_after_a_restart(uploads: Uploads, tmp_path: Path) -> None:
    """The time of the file decides: it cannot be read from then on, and the first sweep deletes it."""
    old, recent = await uploaded(uploads), await uploaded(uploads)
    age(tmp_path / "uploads" / old, LIFE_S + 1)
    age(tmp_path / "uploads" / recent, LIFE_S - 60)
    assert await uploads.read(old) is None
    assert not await uploads.remove(old, ANN)
    assert await uploads.read(recent)

    again = Uploads(tmp_path / "uploads", PAGE, "http://127.0.0.1:1")
    await again.sweep()

    assert files(tmp_path / "uploads") == [recent]
    assert await again.read(recent)


async def test_each_visitor_has_a_maximum_of_uploads(uploads: Uploads, tmp_path: Path) -> None:
    """Also when they are sent at the same time; one that was removed or has expired makes room."""
    names = [await uploaded(uploads) for _ in range(MOST_OF_A_VISITOR - 2)]

    results = await asyncio.gather(*(uploads.keep(ANN, body(png(3, 2))) for _ in range(5)), return_exceptions=True)

    assert [str(one) for one in results if isinstance(one, Exception)] == [TOO_MANY] * 3
    assert await refusal(uploads, body(png(3, 2))) == TOO_MANY
    assert await uploaded(uploads, BOB)
    assert await uploads.remove(names[0], ANN)
    assert await uploaded(uploads)
    age(tmp_path / "uploads" / names[1], LIFE_S + 1)
    assert await uploaded(uploads)
    assert await refusal(uploads, body(png(3, 2))) == TOO_MANY


@pytest.mark.parametrize(("count", "size"), [(1, MOST_BYTES - 50), (MOST_FILES, 1)])
async def test_above_the_total_maximum_the_next_is_refused(uploads: Uploads, tmp_path: Path, count: int, size: int) -> None:
    """By bytes or by number of files, of all visitors together; nothing is deleted for it."""
    for number in range(count):
        with (tmp_path / "uploads" / f"{number:065}.png").open("wb") as file:
            file.truncate(size)

    assert await refusal(uploads, body(png(3, 2))) == FULL
    assert len(files(tmp_path / "uploads")) == count


async def test_only_so_many_arrive_at_once(uploads: Uploads) -> None:
    """The next may try again when one of them has arrived."""
    wait = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        await wait.wait()
        yield png(3, 2)

    arriving = [asyncio.create_task(uploads.keep(f"{number:040}", slow())) for number in range(MAX_ARRIVING)]
    await asyncio.sleep(0)
    assert await refusal(uploads, body(png(3, 2))) == BUSY
    wait.set()
    await asyncio.gather(*arriving)

    assert await uploaded(uploads)


async def test_an_interrupted_upload_leaves_no_file(uploads: Uploads, tmp_path: Path) -> None:
    """No file, and it no longer counts as arriving."""

    async def breaking() -> AsyncIterator[bytes]:
        yield png(300, 200)[:100]
        raise ClientDisconnect

    for _ in range(MAX_ARRIVING + 1):
        with pytest.raises(ClientDisconnect):
            await uploads.keep(ANN, breaking())

    assert files(tmp_path / "uploads") == []
    assert await uploaded(uploads)


async def test_a_storage_failure_is_reported(uploads: Uploads, tmp_path: Path) -> None:
    """Without paths of the machine."""
    (tmp_path / "uploads").rmdir()

    with pytest.raises(PictureNotSaved, match="cannot be stored here") as caught:
        await uploads.keep(ANN, body(png(3, 2)))

    assert str(tmp_path) not in caught.value.what


async def test_without_a_public_address_an_upload_is_for_the_sandbox_alone(tmp_path: Path) -> None:
    """It has the address at which this process reaches itself, and the reason is known beforehand."""
    uploads = Uploads(tmp_path / "uploads", "", "http://127.0.0.1:1")

    assert uploads.refused == NO_ADDRESS
    assert (await uploads.keep("ann", body(png(3, 2)))).address.startswith("http://127.0.0.1:1/uploads/")


# -- after its last use --------------------------------------------------------------------------


async def seconds_left(uploads: Uploads, path: Path, *addresses: str, ended: bool) -> float:
    """Seconds until an upload expires after a job with these addresses was active or has ended."""
    uploads.follow(addresses, ended=ended)
    await uploads.sweep()
    return await asyncio.to_thread(os.path.getmtime, path) + LIFE_S - time.time()


async def test_an_upload_expires_soon_after_the_job_that_used_it_has_ended(uploads: Uploads, tmp_path: Path) -> None:
    """All that the job used; one that it did not use is kept, and so are all while it is active."""
    paths = [tmp_path / "uploads" / await uploaded(uploads) for _ in range(3)]
    addresses = [f"{PAGE}/uploads/{path.name}" for path in paths]
    assert await seconds_left(uploads, paths[0], *addresses[:2], ended=False) > LIFE_S - 10
    for path in paths[:2]:
        assert LIFE_AFTER_USE_S - 10 < await seconds_left(uploads, path, *addresses[:2], ended=True) <= LIFE_AFTER_USE_S
    assert await seconds_left(uploads, paths[2], *addresses[:2], ended=True) > LIFE_S - 10


async def test_an_upload_that_is_used_again_is_kept_for_that_job_up_to_its_maximum_age(
    uploads: Uploads, tmp_path: Path
) -> None:
    """The second one was uploaded nearly LIFE_S ago, according to its name."""
    path = tmp_path / "uploads" / await uploaded(uploads)
    token = base64.urlsafe_b64decode(path.name[:43] + "=")
    early = base64.urlsafe_b64encode(int(time.time() - LIFE_S + 60).to_bytes(4) + token[4:]).decode().rstrip("=")
    old = path.with_name(early + path.name[43:])
    old.write_bytes(png(3, 2))
    for one, most in ((path, LIFE_AFTER_USE_S), (old, 60)):
        age(one, LIFE_S - 20)
        address = f"{PAGE}/uploads/{one.name}"
        assert most - 10 < await seconds_left(uploads, one, address, ended=False) <= most


async def test_an_expired_upload_does_not_come_back(uploads: Uploads, tmp_path: Path) -> None:
    for ended in (False, True):
        name = await uploaded(uploads)
        age(tmp_path / "uploads" / name, LIFE_S + 1)
        uploads.follow([f"{PAGE}/uploads/{name}"], ended=ended)
        await uploads.sweep()
        assert files(tmp_path / "uploads") == []


async def test_other_addresses_concern_no_upload(uploads: Uploads, tmp_path: Path) -> None:
    """Of another page, of no upload, outside the folder; one that was deleted does not come back."""
    name = await uploaded(uploads)
    path = tmp_path / "uploads" / name
    foreign = [f"https://elsewhere.example/uploads/{name}", f"{PAGE}/uploads/../{name}", f"{PAGE}/uploads/{name}?a=b", name]
    assert await seconds_left(uploads, path, *foreign, ended=True) > LIFE_S - 10
    path.unlink()
    uploads.follow([f"{PAGE}/uploads/{name}"], ended=True)
    await uploads.sweep()
    assert not path.exists()


async def test_cleaning_up_continues_after_the_folder_was_missing(uploads: Uploads, tmp_path: Path) -> None:
    """The next round records the uses of both rounds."""
    paths = [tmp_path / "uploads" / await uploaded(uploads) for _ in range(2)]
    away = paths[0].parent.rename(tmp_path / "away")
    uploads.follow([f"{PAGE}/uploads/{paths[0].name}"], ended=True)
    await uploads.sweep()
    away.rename(paths[0].parent)
    uploads.follow([f"{PAGE}/uploads/{paths[1].name}"], ended=True)
    await uploads.sweep()
    for path in paths:
        assert path.stat().st_mtime + LIFE_S - time.time() <= LIFE_AFTER_USE_S


async def test_a_use_is_recorded_without_waiting_for_the_next_regular_sweep(uploads: Uploads, tmp_path: Path) -> None:
    path = tmp_path / "uploads" / await uploaded(uploads)
    sweeping = asyncio.create_task(uploads.keep_sweeping())
    await asyncio.sleep(0.1)
    uploads.follow([f"{PAGE}/uploads/{path.name}"], ended=True)
    async with asyncio.timeout(60):
        while path.stat().st_mtime + LIFE_S - time.time() > LIFE_AFTER_USE_S:  # noqa: ASYNC110  # a file's time is no event
            await asyncio.sleep(0.01)
    sweeping.cancel()
