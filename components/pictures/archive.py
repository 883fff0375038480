"""Pictures for download: one with its recipe inside, or many in a ZIP with a manifest."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from components.errors import InputError
from components.pictures.library import PictureLibrary
from components.pictures.metadata import GENERATOR, Recipe, embed
from components.pictures.stored import StoredPicture

MAX_PICTURES = 500
MAX_BYTES = 1_000_000_000
MANIFEST = "manifest.json"
ZippedFile = tuple[str, float, bytes]  # its name, when it was made (seconds since 1970), its content
DELETED = "The picture is no longer stored on this page."
EARLIEST = datetime(1980, 1, 1, tzinfo=UTC).timestamp()  # of a time in a ZIP


@dataclass(frozen=True)
class ArchiveEntry:
    """One picture of an archive, or a line of its manifest about a request that has none (``picture`` is None).

    ``stem`` is the file name without number and extension, ``created_at`` seconds since 1970, ``row`` what the
    manifest says about it, ``recipe`` what is embedded in the file, None for the file as it was delivered.
    """

    stem: str
    created_at: float
    row: Mapping[str, Any]
    picture: StoredPicture | None = None
    recipe: Recipe | None = None


async def read_picture(pictures: PictureLibrary, name: str, recipe: Recipe | None) -> bytes | None:
    """A picture with a recipe inside, or as it was delivered; None if it is no longer stored."""
    data = await pictures.read_bytes(name)
    return await asyncio.to_thread(embed, data, recipe) if data and recipe else data


def count_that_fit(requests: Sequence[Sequence[StoredPicture]]) -> int:
    """How many of these requests, from the first on, fit into one archive with all their pictures."""
    count, size = 0, 0
    for number, pictures in enumerate(requests):
        count, size = count + len(pictures), size + sum(picture.size for picture in pictures)
        if count > MAX_PICTURES or size > MAX_BYTES:
            return number
    return len(requests)


def write_archive(
    entries: Sequence[ArchiveEntry], pictures: PictureLibrary, *, requests_left_out: int = 0
) -> AsyncIterator[bytes]:
    """A ZIP of the pictures and a manifest in pieces, holding one picture in memory at a time.

    Raises:
        InputError: at once, if there are more than MAX_PICTURES or more than MAX_BYTES of them.
    """
    sizes = [entry.picture.size for entry in entries if entry.picture]
    if len(sizes) > MAX_PICTURES:
        raise _too_much(f"{len(sizes):,} pictures. At most {MAX_PICTURES}")
    if sum(sizes) > MAX_BYTES:
        raise _too_much(f"{sum(sizes) / 1e9:.1f} GB of pictures. At most {MAX_BYTES / 1e9:.0f} GB")
    return stream_zip(_files(entries, pictures, requests_left_out))


class _Buffer(io.BytesIO):
    """The file that ``zipfile`` writes: its bytes can be taken out meanwhile, and positions count on.

    It must be seekable, so that ``zipfile`` writes sizes in front of a file, where streaming programs need them.
    """

    taken = 0

    def tell(self) -> int:
        return self.taken + super().tell()

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        return self.taken + super().seek(position - self.taken if whence == io.SEEK_SET else position, whence)

    def take(self) -> bytes:
        """Everything written since the last call."""
        data = self.getvalue()
        super().seek(0)
        self.truncate(0)
        self.taken += len(data)
        return data


async def stream_zip(files: AsyncIterator[ZippedFile]) -> AsyncIterator[bytes]:
    """A ZIP of files in pieces, holding one of them in memory at a time."""
    buffer = _Buffer()
    with zipfile.ZipFile(buffer, "w") as archive:
        async for name, created_at, data in files:
            await asyncio.to_thread(archive.writestr, _zip_entry(name, created_at), data)
            yield buffer.take()
    yield buffer.take()


async def _files(
    entries: Sequence[ArchiveEntry], pictures: PictureLibrary, requests_left_out: int
) -> AsyncIterator[ZippedFile]:
    """The pictures, and last the manifest."""
    packed: list[dict[str, Any]] = []
    without: list[dict[str, Any]] = []
    for entry in entries:
        data = await read_picture(pictures, entry.picture.name, entry.recipe) if entry.picture else None
        if entry.picture is None or data is None:
            message = {"message": DELETED} if entry.picture else {}
            without.append({"file": None, **entry.row, **message})
            continue
        name = f"{len(packed) + 1:03d}-{entry.stem}.{entry.picture.format}"
        packed.append({"file": name, **entry.row})
        yield name, entry.created_at, data
    created = datetime.now(UTC)
    manifest = {
        "generator": GENERATOR,
        "created": iso_time(created),
        "requests_left_out": requests_left_out,
        "pictures": packed,
        "without_pictures": without,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2, allow_nan=False)
    yield MANIFEST, created.timestamp(), text.encode("utf-8", "replace")


def iso_time(moment: datetime) -> str:
    """``2026-03-04T12:00:00Z``, of a time in UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _zip_entry(name: str, created_at: float) -> zipfile.ZipInfo:
    """A file of the archive, readable for everybody and stored as it is: pictures are compressed already."""
    entry = zipfile.ZipInfo(name, datetime.fromtimestamp(max(created_at, EARLIEST), UTC).timetuple()[:6])
    entry.external_attr = 0o644 << 16
    return entry


def _too_much(what: str) -> InputError:
    return InputError("job", f"job: these have {what} go into one archive.", next_step="Choose fewer of them.")
