"""Pictures as they leave the page: one under a readable name, or many in a ZIP with a manifest."""

from __future__ import annotations

import asyncio
import io
import json
import re
import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from components.errors import InputError
from components.jobs.job import Job
from components.pictures.kept import KeptPicture
from components.pictures.library import PictureLibrary
from components.pictures.metadata import GENERATOR, Recipe, embed, recipe_of

MOST_PICTURES = 500
LARGEST_BYTES = 1_000_000_000
MANIFEST = "manifest.json"
GONE = "The picture is no longer kept on this page."
EARLIEST = datetime(1980, 1, 1, tzinfo=UTC).timestamp()  # a ZIP knows no time before


def file_stem(job: Job) -> str:
    """``flux-2-n41abc``: letters, digits, dots, hyphens and underscores, whatever stands in the job."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{job.model[:50]}-{(job.task_id or job.id)[:60]}")
    return re.sub(r"\.{2,}", ".", name).strip(".-") or "picture"


async def picture_file(pictures: PictureLibrary, job: Job, kept: KeptPicture, *, recipe: bool = True) -> bytes | None:
    """One of a job's pictures with its recipe inside, or as it came; None where it is no longer kept."""
    found = await pictures.read(kept.name)
    if found is None:
        return None
    return await asyncio.to_thread(_finished, found, recipe_of(job) if recipe else None)


def first_that_fit(jobs: Sequence[Job]) -> list[Job]:
    """The first of these jobs, as many as go into one archive."""
    count, size = 0, 0
    for place, job in enumerate(jobs):
        count, size = count + len(job.pictures), size + sum(picture.size for picture in job.pictures)
        if count > MOST_PICTURES or size > LARGEST_BYTES:
            return list(jobs[:place])
    return list(jobs)


def write_archive(
    jobs: Sequence[Job], pictures: PictureLibrary, *, recipes: bool = True, left_out: int = 0
) -> AsyncIterator[bytes]:
    """A ZIP of the jobs' pictures and a manifest, piece by piece: no more than one picture is held at a time.

    ``left_out`` is how many jobs more had been wanted; the manifest says so.

    Raises:
        InputError: at once, where there are more than MOST_PICTURES or they have more than LARGEST_BYTES.
    """
    kept = [picture for job in jobs for picture in job.pictures]
    if len(kept) > MOST_PICTURES:
        raise _too_much(f"{len(kept):,} pictures. At most {MOST_PICTURES}")
    if (size := sum(picture.size for picture in kept)) > LARGEST_BYTES:
        raise _too_much(f"{size / 1e9:.1f} GB of pictures. At most {LARGEST_BYTES / 1e9:.0f} GB")
    return _written(jobs, pictures, recipes, left_out)


class _Sink(io.BytesIO):
    """A file that is emptied while it is written: positions count on, so that a ZIP entry's head can be completed."""

    gone = 0

    def tell(self) -> int:
        return self.gone + super().tell()

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        return self.gone + super().seek(place - self.gone if whence == io.SEEK_SET else place, whence)

    def taken(self) -> bytes:
        """All that was written since the last time."""
        data = self.getvalue()
        super().seek(0)
        self.truncate(0)
        self.gone += len(data)
        return data


async def _written(jobs: Sequence[Job], pictures: PictureLibrary, recipes: bool, left_out: int) -> AsyncIterator[bytes]:
    sink = _Sink()
    rows: list[dict[str, Any]] = []
    without: list[dict[str, Any]] = []
    with zipfile.ZipFile(sink, "w") as archive:
        for job in jobs:
            if not job.pictures:
                without.append(_row(job, None, None, str(job.problem or job.note)))
            for kept in job.pictures:
                data = await picture_file(pictures, job, kept, recipe=recipes)
                if data is None:
                    without.append(_row(job, kept, None, GONE))
                    continue
                name = f"{len(rows) + 1:03d}-{file_stem(job)}.{kept.format}"
                await asyncio.to_thread(archive.writestr, _entry(name, job.created_at), data)
                rows.append(_row(job, kept, name, ""))
                yield sink.taken()
        created = datetime.now(UTC)
        manifest = {
            "generator": GENERATOR,
            "created": _iso(created),
            "requests_left_out": left_out,
            "pictures": rows,
            "without_pictures": without,
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=2, allow_nan=False)
        archive.writestr(_entry(MANIFEST, created.timestamp()), text.encode("utf-8", "replace"))
    yield sink.taken()


def _finished(found: Path | bytes, recipe: Recipe | None) -> bytes | None:
    try:
        data = found.read_bytes() if isinstance(found, Path) else found
    except OSError:  # trimmed since it was found
        return None
    return embed(data, recipe) if recipe else data


def _row(job: Job, kept: KeptPicture | None, file: str | None, message: str) -> dict[str, Any]:
    """A line of the manifest; sizes are pixels, an SVG that states none has None."""
    recipe = recipe_of(job)
    delivered = kept and {"width": kept.width or None, "height": kept.height or None, "format": kept.format}
    return {
        "file": file,
        "model": job.model,
        "parameters": dict(recipe.parameters),
        "task_id": recipe.task_id,
        "state": str(job.state),
        "sandbox": recipe.sandbox,
        "credits": recipe.credits,
        "usd": recipe.usd,
        "seconds": round(job.seconds(job.finished_at), 2) if job.finished_at else None,
        "created": _iso(recipe.created),
        "asked": {"shape": job.shape, "count": job.count},
        "delivered": delivered,
        "message": message,
    }


def _entry(name: str, created_at: float) -> zipfile.ZipInfo:
    """A file of the archive, readable for everybody; pictures are packed already, so nothing is packed again."""
    entry = zipfile.ZipInfo(name, datetime.fromtimestamp(max(created_at, EARLIEST), UTC).timetuple()[:6])
    entry.external_attr = 0o644 << 16
    return entry


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _too_much(what: str) -> InputError:
    return InputError("job", f"job: these have {what} go into one archive.", next_step="Choose fewer of them.")
