"""Uploaded pictures: what is taken, how long it is kept, and whose it is; all of it read from the files alone."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image
from starlette.requests import ClientDisconnect

from components.errors import InputError, PictureNotSaved
from components.jobs.job import Job, JobState
from components.pictures.uploads import (
    AFTER_S,
    ARRIVING_AT_ONCE,
    BUSY,
    FULL,
    LARGEST_BYTES,
    LIFE_S,
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
from tests.jobs.faulty import png

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
    return Uploads(tmp_path / "uploads", PAGE)


async def body(data: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def kept(uploads: Uploads, visitor: str = ANN, data: bytes = b"") -> str:
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
async def test_a_picture_is_kept_as_it_came_at_a_public_address(
    uploads: Uploads, tmp_path: Path, data: bytes, form: str
) -> None:
    """With the size of the picture, and for how long it will be there."""
    upload = await uploads.keep(ANN, body(data, 7))

    name = upload.address.removeprefix(f"{PAGE}/uploads/")
    assert NAME.fullmatch(name)
    assert name.endswith(f".{form}")
    assert (upload.width, upload.height, upload.expires_in_s) == (30, 20, 6 * 3600)
    found = await uploads.read(name)
    assert found is not None
    assert found.read_bytes() == data
    assert files(tmp_path / "uploads") == [name]


async def test_a_photograph_with_something_of_the_cameras_behind_it_is_taken(uploads: Uploads) -> None:
    """As phones write them: a short film, a depth map."""
    assert await uploads.read(await kept(uploads, data=JPEG + b"\0\0\0\x18ftypmp42"))


@pytest.mark.parametrize("name", NO_PICTURES)
async def test_what_is_no_picture_is_refused_and_not_kept(uploads: Uploads, tmp_path: Path, name: str) -> None:
    """By its content, whatever it is called, and also with a second file behind its end."""
    assert await refusal(uploads, body(NO_PICTURES[name])) == NO_PICTURE
    assert files(tmp_path / "uploads") == []


async def test_a_small_file_that_unpacks_to_too_many_pixels_is_refused(uploads: Uploads) -> None:
    """Before it is unpacked."""
    file = io.BytesIO()
    Image.new("1", (8_000, 6_000)).save(file, "PNG")

    assert len(file.getvalue()) < 100_000
    assert await refusal(uploads, body(file.getvalue())) == NO_PICTURE


async def test_of_what_is_too_large_no_more_is_read_than_may_be_held(uploads: Uploads, tmp_path: Path) -> None:
    """The rest of a body without an end is never asked for."""
    asked = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal asked
        while True:
            asked += 65_536
            yield b"\0" * 65_536

    assert await refusal(uploads, endless()) == TOO_LARGE
    assert asked <= LARGEST_BYTES + 65_536
    assert files(tmp_path / "uploads") == []


async def test_no_two_names_are_alike_and_none_tells_whose_it_is(uploads: Uploads) -> None:
    """Not even that two are one visitor's, and nothing of the visitor's id."""
    names = [await kept(uploads) for _ in range(8)]

    assert len({part for name in names for part in (name[:43], name[43:65])}) == 16
    assert not any(ANN[:6] in name for name in names)


async def test_only_its_own_visitor_removes_an_upload(uploads: Uploads, tmp_path: Path) -> None:
    """Nor does a name that was put together from two, and after a restart it is the same."""
    mine, other = await kept(uploads), await kept(uploads, BOB)
    mixed = mine[:43] + other[43:]
    assert not await uploads.remove(mine, BOB)
    assert not await uploads.remove(mine, "")
    assert not await uploads.remove(mixed, BOB)
    assert await uploads.read(mine)

    again = Uploads(tmp_path / "uploads", PAGE)

    assert await again.remove(mine, ANN)
    assert not await again.remove(mine, ANN)
    assert await uploads.read(mine) is None
    assert files(tmp_path / "uploads") == [other]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../secret.png", "/etc/passwd", "secret.png", "x" * 65 + ".png\n", "\0", "x" * 65 + ".svg"]
)
async def test_every_other_name_is_nobodys(uploads: Uploads, tmp_path: Path, name: str) -> None:
    """Also where such a file lies in the folder or beside it."""
    for place in (tmp_path, tmp_path / "uploads"):
        (place / "secret.png").write_bytes(png(3, 2))

    assert await uploads.read(name) is None
    assert not await uploads.remove(name, ANN)
    assert (tmp_path / "secret.png").exists()


async def test_an_upload_ends_after_its_time_also_when_the_server_was_restarted(uploads: Uploads, tmp_path: Path) -> None:
    """The file's own time says so: it is gone for everybody before it is deleted, and the first sweep deletes it."""
    old, young = await kept(uploads), await kept(uploads)
    age(tmp_path / "uploads" / old, LIFE_S + 1)
    age(tmp_path / "uploads" / young, LIFE_S - 60)
    assert await uploads.read(old) is None
    assert not await uploads.remove(old, ANN)
    assert await uploads.read(young)

    again = Uploads(tmp_path / "uploads", PAGE)
    sweeping = asyncio.create_task(again.keep_sweeping())
    while old in files(tmp_path / "uploads"):  # noqa: ASYNC110  # a file that goes is no event
        await asyncio.sleep(0.01)
    sweeping.cancel()

    assert files(tmp_path / "uploads") == [young]
    assert await again.read(young)


async def test_a_folder_that_is_away_does_not_end_the_sweeping(uploads: Uploads, tmp_path: Path) -> None:
    """The next round tries again."""
    (tmp_path / "uploads").rmdir()
    sweeping = asyncio.create_task(uploads.keep_sweeping())
    await asyncio.sleep(0.2)

    assert not sweeping.done()
    sweeping.cancel()


async def test_a_visitor_has_so_many_and_others_have_their_own(uploads: Uploads, tmp_path: Path) -> None:
    """Also when they are sent at the same moment; one that was removed or has ended makes room."""
    names = [await kept(uploads) for _ in range(MOST_OF_A_VISITOR - 2)]

    told = await asyncio.gather(*(uploads.keep(ANN, body(png(3, 2))) for _ in range(5)), return_exceptions=True)

    assert [str(one) for one in told if isinstance(one, Exception)] == [TOO_MANY] * 3
    assert await refusal(uploads, body(png(3, 2))) == TOO_MANY
    assert await kept(uploads, BOB)
    assert await uploads.remove(names[0], ANN)
    assert await kept(uploads)
    age(tmp_path / "uploads" / names[1], LIFE_S + 1)
    assert await kept(uploads)
    assert await refusal(uploads, body(png(3, 2))) == TOO_MANY


@pytest.mark.parametrize(("count", "size"), [(1, MOST_BYTES - 50), (MOST_FILES, 1)])
async def test_when_all_room_is_taken_the_next_is_refused(uploads: Uploads, tmp_path: Path, count: int, size: int) -> None:
    """By bytes or by number, whoever took it; nothing that is kept has to go."""
    for number in range(count):
        with (tmp_path / "uploads" / f"{number:065}.png").open("wb") as file:
            file.truncate(size)

    assert await refusal(uploads, body(png(3, 2))) == FULL
    assert len(files(tmp_path / "uploads")) == count


async def test_only_so_many_are_held_at_once(uploads: Uploads) -> None:
    """The next is told to come back, and may when one of them is through."""
    wait = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        await wait.wait()
        yield png(3, 2)

    arriving = [asyncio.create_task(uploads.keep(f"{number:040}", slow())) for number in range(ARRIVING_AT_ONCE)]
    await asyncio.sleep(0)
    assert await refusal(uploads, body(png(3, 2))) == BUSY
    wait.set()
    await asyncio.gather(*arriving)

    assert await kept(uploads)


async def test_one_that_breaks_off_leaves_nothing(uploads: Uploads, tmp_path: Path) -> None:
    """No file, and its place among those that arrive."""

    async def breaking() -> AsyncIterator[bytes]:
        yield png(300, 200)[:100]
        raise ClientDisconnect

    for _ in range(ARRIVING_AT_ONCE + 1):
        with pytest.raises(ClientDisconnect):
            await uploads.keep(ANN, breaking())

    assert files(tmp_path / "uploads") == []
    assert await kept(uploads)


async def test_a_disk_that_does_not_take_it_is_said(uploads: Uploads, tmp_path: Path) -> None:
    """Without the machine's own words."""
    (tmp_path / "uploads").rmdir()

    with pytest.raises(PictureNotSaved, match="cannot be stored here") as caught:
        await uploads.keep(ANN, body(png(3, 2)))

    assert str(tmp_path) not in caught.value.what


async def test_without_a_public_address_nothing_is_taken(tmp_path: Path) -> None:
    """The reason is known before anybody tries."""
    uploads = Uploads(tmp_path / "uploads", "")

    assert uploads.refused == NO_ADDRESS
    assert await refusal(uploads, body(png(3, 2))) == NO_ADDRESS
    assert files(tmp_path / "uploads") == []


# -- after its last use --------------------------------------------------------------------------


def asked_with(state: JobState, *addresses: str) -> Job:
    body = {"prompt": "A kite", "image": addresses[0], "input_urls": [*addresses[1:], "https://else.example/a.png"]}
    return Job("job", ANN, "flux-2", body, "1:1", 1, "host", "https://service.example", 5.0, 0.05, 0.0, state=state)


async def left(uploads: Uploads, path: Path, job: Job) -> float:
    """Seconds that an upload is still kept once it was told of a job."""
    uploads.follow(job)
    while uploads.marking:  # noqa: ASYNC110  # it has no event
        await asyncio.sleep(0.01)
    return await asyncio.to_thread(os.path.getmtime, path) + LIFE_S - time.time()


@pytest.mark.parametrize("end", [JobState.DONE, JobState.FAILED, JobState.STOPPED, JobState.UNCERTAIN])
async def test_an_upload_goes_soon_after_the_job_that_used_it_has_ended(
    uploads: Uploads, tmp_path: Path, end: JobState
) -> None:
    """In each field of the body; one that was not used is kept, and so is one while its job runs."""
    paths = [tmp_path / "uploads" / await kept(uploads) for _ in range(3)]
    addresses = [f"{PAGE}/uploads/{path.name}" for path in paths]
    for state in (JobState.QUEUED, JobState.SUBMITTING, JobState.RUNNING):
        assert await left(uploads, paths[0], asked_with(state, *addresses[:2])) > LIFE_S - 10
    for path in paths[:2]:
        assert AFTER_S - 10 < await left(uploads, path, asked_with(end, *addresses[:2])) <= AFTER_S
    assert await left(uploads, paths[2], asked_with(end, *addresses[:2])) > LIFE_S - 10


async def test_an_upload_that_is_used_again_stays_until_that_job_has_ended_too_but_never_too_long(
    uploads: Uploads, tmp_path: Path
) -> None:
    """The second came nearly LIFE_S ago, which its name says."""
    path = tmp_path / "uploads" / await kept(uploads)
    token = base64.urlsafe_b64decode(path.name[:43] + "=")
    early = base64.urlsafe_b64encode(int(time.time() - LIFE_S + 60).to_bytes(4) + token[4:]).decode().rstrip("=")
    old = path.with_name(early + path.name[43:])
    old.write_bytes(png(3, 2))
    for one, most in ((path, AFTER_S), (old, 60)):
        age(one, LIFE_S - 20)
        address = f"{PAGE}/uploads/{one.name}"
        assert most - 10 < await left(uploads, one, asked_with(JobState.QUEUED, address)) <= most
        age(one, LIFE_S + 1)
        assert await left(uploads, one, asked_with(JobState.QUEUED, address)) < 0
        assert await left(uploads, one, asked_with(JobState.DONE, address)) < 0


async def test_a_job_with_other_addresses_concerns_no_upload(uploads: Uploads, tmp_path: Path) -> None:
    """Of another page, of no upload, out of the folder, and of one that is gone."""
    name = await kept(uploads)
    path = tmp_path / "uploads" / name
    foreign = [f"https://elsewhere.example/uploads/{name}", f"{PAGE}/uploads/../{name}", f"{PAGE}/uploads/{name}?a=b", name]
    assert await left(uploads, path, asked_with(JobState.DONE, *foreign)) > LIFE_S - 10
    path.unlink()
    uploads.follow(asked_with(JobState.DONE, f"{PAGE}/uploads/{name}"))
    while uploads.marking:  # noqa: ASYNC110  # it has no event
        await asyncio.sleep(0.01)
    assert not path.exists()
