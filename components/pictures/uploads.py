"""A visitor's own pictures, kept for some hours at unguessable addresses, so that the service can fetch them.

Nothing but the file itself is recorded. Its time says when it ends: LIFE_S later, or AFTER_S after the last job that
used it. Its name is when it came, 28 random bytes and, as proof of whose it is, a code made from them and the visitor's
id: whoever does not know the id learns nothing from it.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import re
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from components.errors import InputError, PictureNotSaved
from components.jobs.job import ENDED, Job, JobState
from components.pictures.check import LARGEST_PIXELS, PNG_END, inspect
from components.pictures.storage import FolderStorage

log = logging.getLogger(__name__)

PREFIX = "/uploads"
# The limits are this page's own: no page of the service states a size or a format for input pictures.
LARGEST_BYTES = 10_000_000
FORMS = ("png", "jpeg", "webp")
LIFE_S = 6 * 3_600.0
AFTER_S = 1_800.0  # time enough to ask once more with the same picture
MOST_OF_A_VISITOR = 20
MOST_FILES = 2_000
MOST_BYTES = 500_000_000
ARRIVING_AT_ONCE = 16
LONGEST_S = 120.0
DECODED_AT_ONCE = 2
SWEEP_S = 300.0

TOKEN_LENGTH, PROOF_LENGTH, TIME_LENGTH = 43, 22, 4
NAME = re.compile(rf"[A-Za-z0-9_-]{{{TOKEN_LENGTH + PROOF_LENGTH}}}\.(?:{'|'.join(FORMS)})")
NO_ADDRESS = "This page has no public address, so the service could not fetch an upload: give web addresses."
TOO_LARGE = f"The picture is larger than {LARGEST_BYTES // 1_000_000} MB."
NO_PICTURE = f"This is no whole PNG, JPEG or WebP picture of at most {LARGEST_PIXELS // 1_000_000} megapixels."
TOO_MANY = (
    f"You have {MOST_OF_A_VISITOR} uploads here already. Remove one, or wait: each goes after {LIFE_S / 3_600:.0f} hours."
)
FULL = "There is no room for more uploads at the moment. Give a web address, or try again in an hour."
BUSY = "Too many uploads arrive at this moment. Try again in a minute."
SLOW = f"The upload did not arrive within {LONGEST_S:.0f} seconds."


@dataclass(frozen=True)
class Upload:
    """A kept picture: the address strangers fetch it from, its width and height in pixels, the seconds it is kept."""

    address: str
    width: int
    height: int
    expires_in_s: float


class Uploads:
    """Uploaded pictures in a folder, which is created. ``address`` is the page's public one, or "". Raises OSError."""

    def __init__(self, folder: Path, address: str) -> None:
        self._folder = FolderStorage(folder)
        self._address = address
        self._arriving = 0
        self._decoding = asyncio.Semaphore(DECODED_AT_ONCE)
        self._storing = asyncio.Lock()
        self.marking: set[asyncio.Task[None]] = set()

    @property
    def refused(self) -> str:
        """Why no picture can be uploaded here, or "" where one can."""
        return "" if self._address else NO_ADDRESS

    async def keep(self, visitor: str, body: AsyncIterator[bytes]) -> Upload:
        """Read, check and store one picture of a visitor. No more than LARGEST_BYTES of it is ever held.

        Raises:
            InputError: it is too large or too slow, is no picture, or there are too many uploads.
            PictureNotSaved: it cannot be stored.
        """
        if self.refused:
            raise _refusal(self.refused)
        if self._arriving >= ARRIVING_AT_ONCE:
            raise _refusal(BUSY)
        self._arriving += 1
        try:
            await asyncio.to_thread(self._make_sure_of_room, visitor, 0)
            data = await _read(body)
            async with self._decoding:
                form, width, height = await asyncio.to_thread(_inspect, data)
            token = _token(time.time())
            name = f"{token}{_proof(token, visitor)}.{form}"
            async with self._storing:
                await asyncio.to_thread(self._make_sure_of_room, visitor, len(data))
                await asyncio.to_thread(self._folder.put, name, data)
        except OSError as error:
            log.exception("an upload cannot be stored")
            raise PictureNotSaved("The picture cannot be stored here; whoever runs this page can see why.") from error
        finally:
            self._arriving -= 1
        return Upload(f"{self._address}{PREFIX}/{name}", width, height, LIFE_S)

    async def read(self, name: str) -> Path | None:
        """The file of an upload that has not ended, or None; a name in any other form is nobody's."""
        return await asyncio.to_thread(self._find, name) if NAME.fullmatch(name) else None

    async def remove(self, name: str, visitor: str) -> bool:
        """Delete an upload of this visitor's. False where there is none: a foreign one is not told from none at all."""
        if not NAME.fullmatch(name) or not _is_of(name, visitor) or await self.read(name) is None:
            return False
        await asyncio.to_thread(self._folder.remove, name)
        return True

    def follow(self, job: Job) -> None:
        """A job's state has changed: what it was asked with is kept until it has ended, and AFTER_S longer.

        Never for longer than LIFE_S in all. Returns at once.
        """
        if (job.state is JobState.QUEUED or job.state in ENDED) and (names := list(self._names(job))):
            task = asyncio.create_task(asyncio.to_thread(self._mark, names, job.state in ENDED))
            self.marking.add(task)
            task.add_done_callback(self.marking.discard)

    def _names(self, job: Job) -> Iterator[str]:
        """The uploads among a job's input pictures."""
        start = f"{self._address}{PREFIX}/"
        for value in job.body.values():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, str) and item.startswith(start) and NAME.fullmatch(item[len(start) :]):
                    yield item[len(start) :]

    def _mark(self, names: list[str], ended: bool) -> None:
        soon = time.time() - LIFE_S + AFTER_S
        for name in names:
            path = self._folder.folder / name
            with suppress(OSError):  # removed meanwhile
                written = path.stat().st_mtime
                marked = min(written, soon) if ended else min(max(written, soon), _came(name))
                if marked != written and not _has_ended(written):
                    os.utime(path, (marked, marked))

    async def keep_sweeping(self) -> None:
        """At once and then every few minutes: delete what has ended. Runs until it is cancelled."""
        while True:
            try:
                await asyncio.to_thread(self._sweep)
            except OSError:  # the next round tries again
                log.warning("the folder of uploads cannot be swept", exc_info=True)
            await asyncio.sleep(SWEEP_S)

    def _find(self, name: str) -> Path | None:
        path = self._folder.folder / name
        with suppress(OSError):
            if path.is_file() and not _has_ended(path.stat().st_mtime):
                return path
        return None

    def _make_sure_of_room(self, visitor: str, size: int) -> None:
        kept = [item for item in self._folder.items() if not _has_ended(item.used)]
        if sum(_is_of(item.name, visitor) for item in kept) >= MOST_OF_A_VISITOR:
            raise _refusal(TOO_MANY)
        if len(kept) >= MOST_FILES or sum(item.size for item in kept) + size > MOST_BYTES:
            raise _refusal(FULL)

    def _sweep(self) -> None:
        for item in self._folder.items():
            if _has_ended(item.used):
                self._folder.remove(item.name)


async def _read(body: AsyncIterator[bytes]) -> bytes:
    content = bytearray()
    try:
        async with asyncio.timeout(LONGEST_S):
            async for chunk in body:
                if len(content) + len(chunk) > LARGEST_BYTES:
                    raise _refusal(TOO_LARGE)
                content += chunk
    except TimeoutError as error:
        raise _refusal(SLOW) from error
    return bytes(content)


def _inspect(data: bytes) -> tuple[str, int, int]:
    """Format, width and height of a picture with nothing behind its end. Raises InputError."""
    try:
        form, width, height = inspect(data)
    except PictureNotSaved as error:
        raise _refusal(NO_PICTURE) from error
    ended = {
        "png": data.endswith(PNG_END),
        "jpeg": True,  # cameras put a short film or a depth map there
        "webp": len(data) == int.from_bytes(data[4:8], "little") + 8,
    }
    if not ended.get(form):
        raise _refusal(NO_PICTURE)
    return form, width, height


def _token(now: float) -> str:
    return urlsafe_b64encode(int(now).to_bytes(TIME_LENGTH) + secrets.token_bytes(32 - TIME_LENGTH)).decode().rstrip("=")


def _came(name: str) -> float:
    """When an upload came, in seconds since 1970."""
    return float(int.from_bytes(urlsafe_b64decode(name[:TOKEN_LENGTH] + "=")[:TIME_LENGTH]))


def _proof(token: str, visitor: str) -> str:
    code = hmac.digest(visitor.encode(), token.encode(), sha256)[:16]
    return urlsafe_b64encode(code).decode().rstrip("=")


def _is_of(name: str, visitor: str) -> bool:
    token, proof = name[:TOKEN_LENGTH], name[TOKEN_LENGTH : TOKEN_LENGTH + PROOF_LENGTH]
    return hmac.compare_digest(proof.encode(), _proof(token, visitor).encode())


def _has_ended(written: float) -> bool:
    return time.time() - written > LIFE_S


def _refusal(what: str) -> InputError:
    return InputError("picture", what)
