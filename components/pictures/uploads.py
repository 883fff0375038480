"""Pictures that visitors upload, kept for some hours at unguessable addresses where the service can fetch them.

Only the file itself is stored, and of it only the pixels: where and by whom a photograph was taken is nobody's
business at a public address. It expires LIFE_S after its modification time. A job that uses it moves that time, so
that the upload expires LIFE_AFTER_USE_S after the last such job, and at the latest LIFE_S after it was made. Its name
consists of the time of the upload, 28 random bytes, and a code made from these and the visitor's id, which proves who
owns it; without knowing the id nobody learns anything from the name.
"""

from __future__ import annotations

import asyncio
import hmac
import io
import logging
import re
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from components.errors import InputError, PictureNotSaved, TooLarge
from components.pictures.check import LARGEST_PIXELS, PNG_END, inspect
from components.pictures.fetch import read_limited
from components.pictures.pixels import UNREADABLE, open_picture, orientation, upright
from components.pictures.storage.folder import FolderStorage

log = logging.getLogger(__name__)

PREFIX = "/uploads"
# The limits are our own: the service documents no size or format for input pictures.
LARGEST_BYTES = 10_000_000
FORMATS = ("png", "jpeg", "webp")
LIFE_S = 6 * 3_600.0
LIFE_AFTER_USE_S = 1_800.0  # time to send another request with the same picture
MOST_OF_A_VISITOR = 20
MOST_FILES = 2_000
MOST_BYTES = 500_000_000
MAX_ARRIVING = 16
MAX_DECODING = 2
LONGEST_S = 120.0
SWEEP_S = 300.0

TOKEN_LENGTH, PROOF_LENGTH, TIME_BYTES = 43, 22, 4
NAME = re.compile(rf"[A-Za-z0-9_-]{{{TOKEN_LENGTH + PROOF_LENGTH}}}\.(?:{'|'.join(FORMATS)})")
NO_ADDRESS = "This page has no public address, so the service could not fetch an upload: give web addresses."
TOO_LARGE = f"The picture is larger than {LARGEST_BYTES // 1_000_000} MB."
NO_PICTURE = f"This is not a complete PNG, JPEG or WebP picture of at most {LARGEST_PIXELS // 1_000_000} megapixels."
TOO_MANY = f"You already have {MOST_OF_A_VISITOR} uploads here. Remove one, or wait: each is deleted after {LIFE_S / 3_600:.0f} hours."
FULL = "There is no room for more uploads at the moment. Give a web address, or try again in an hour."
BUSY = "Too many uploads are arriving at the moment. Try again in a minute."
SLOW = f"The upload did not arrive within {LONGEST_S:.0f} seconds."


@dataclass(frozen=True)
class Upload:
    """A stored upload: its public address, its width and height in pixels, the seconds until it expires."""

    address: str
    width: int
    height: int
    expires_in_s: float


class Uploads:
    """Uploaded pictures in a folder, which is created. Raises OSError.

    ``address`` is the public one of this page, or "": then only the sandbox can fetch them, at ``own``, the address at
    which this process reaches itself.
    """

    def __init__(self, folder: Path, address: str, own: str) -> None:
        self._storage = FolderStorage(folder)
        self._public = bool(address)
        self._address = address or own
        self._arriving = 0
        self._decoding = asyncio.Semaphore(MAX_DECODING)
        self._storing = asyncio.Lock()
        # Whether the job that used an upload has ended, by the upload's name; not yet written to the file's modification time.
        self._used: dict[str, bool] = {}
        self._changed = asyncio.Event()

    @property
    def refused(self) -> str:
        """Why the service cannot fetch what is uploaded here, or "" if it can."""
        return "" if self._public else NO_ADDRESS

    async def keep(self, visitor: str, body: AsyncIterator[bytes]) -> Upload:
        """Read, check and store one picture of a visitor, holding at most LARGEST_BYTES of it in memory.

        Raises:
            InputError: it is too large or too slow, is not a picture, or there are too many uploads.
            PictureNotSaved: it cannot be stored.
        """
        if self._arriving >= MAX_ARRIVING:
            raise _refusal(BUSY)
        self._arriving += 1
        try:
            await asyncio.to_thread(self._check_room, visitor, 0)
            data = await _read(body)
            async with self._decoding:
                picture = await asyncio.to_thread(_without_metadata, data)
            token = _new_token()
            name = f"{token}{_proof(token, visitor)}.{picture.format}"
            async with self._storing:  # otherwise several at once would each find room for the last one
                await asyncio.to_thread(self._check_room, visitor, len(picture.data))
                await asyncio.to_thread(self._storage.put, name, picture.data)
        except OSError as error:
            log.exception("an upload cannot be stored")
            raise PictureNotSaved("The picture cannot be stored here. The log of this page says why.") from error
        finally:
            self._arriving -= 1
        return Upload(f"{self._address}{PREFIX}/{name}", picture.width, picture.height, LIFE_S)

    async def read(self, name: str) -> Path | None:
        """The file of an upload that has not expired, or None."""
        return await asyncio.to_thread(self._find, name) if NAME.fullmatch(name) else None

    async def remove(self, name: str, visitor: str) -> bool:
        """Delete an upload of this visitor. False if there is none, and the same for somebody else's."""
        if not NAME.fullmatch(name) or not _is_owner(name, visitor) or await self.read(name) is None:
            return False
        await asyncio.to_thread(self._storage.remove, name)
        return True

    def follow(self, addresses: Iterable[str], *, ended: bool) -> None:
        """A job that uses these addresses is active, or has ended: uploads among them expire LIFE_AFTER_USE_S later.

        None is kept for longer than LIFE_S in all. Returns at once; ``keep_sweeping`` records it.
        """
        start = f"{self._address}{PREFIX}/"
        for address in addresses:
            if address.startswith(start) and NAME.fullmatch(name := address.removeprefix(start)):
                self._used[name] = ended
                self._changed.set()

    async def sweep(self) -> None:
        """Record which uploads were used, and delete those that have expired. A failure is logged; the next sweep goes on."""
        used, self._used = self._used, {}
        try:
            await asyncio.to_thread(self._sweep, used)
        except OSError:
            self._used = used | self._used
            log.warning("the folder of uploads cannot be swept", exc_info=True)

    async def keep_sweeping(self) -> None:
        """Sweep now, after each use and every SWEEP_S. Runs until it is cancelled."""
        while True:
            self._changed.clear()
            await self.sweep()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), SWEEP_S)

    def _find(self, name: str) -> Path | None:
        file = self._storage.find(name)
        return self._storage.read(name) if file and not _has_expired(file.used) else None

    def _check_room(self, visitor: str, size: int) -> None:
        """Raises InputError if one more upload of ``size`` bytes is too many."""
        files = [file for file in self._storage.files() if not _has_expired(file.used)]
        if sum(_is_owner(file.name, visitor) for file in files) >= MOST_OF_A_VISITOR:
            raise _refusal(TOO_MANY)
        if len(files) >= MOST_FILES or sum(file.size for file in files) + size > MOST_BYTES:
            raise _refusal(FULL)

    def _sweep(self, used: Mapping[str, bool]) -> None:
        for name, ended in used.items():
            self._set_expiry(name, ended)
        for file in self._storage.files():
            if _has_expired(file.used):
                self._storage.remove(file.name)

    def _set_expiry(self, name: str, ended: bool) -> None:
        """Set when an upload expires: within LIFE_AFTER_USE_S once its job has ended, not before that while the job runs.

        Never later than LIFE_S after it was uploaded.
        """
        file = self._storage.find(name)
        if file is None or _has_expired(file.used):
            return
        soon = time.time() - LIFE_S + LIFE_AFTER_USE_S
        used = min(file.used, soon) if ended else min(max(file.used, soon), _uploaded_at(name))
        if used != file.used:
            with suppress(FileNotFoundError):  # removed meanwhile
                self._storage.touch(name, used)


async def _read(body: AsyncIterator[bytes]) -> bytes:
    try:
        async with asyncio.timeout(LONGEST_S):
            return await read_limited(body, LARGEST_BYTES)
    except TooLarge as error:
        raise _refusal(TOO_LARGE) from error
    except TimeoutError as error:
        raise _refusal(SLOW) from error


class _Picture(NamedTuple):
    """A picture as it is stored: the bytes of its new file, and the size that a viewer shows."""

    format: str
    width: int
    height: int
    data: bytes


def _without_metadata(data: bytes) -> _Picture:
    """The picture in a new file, if nothing is behind its end. Raises InputError."""
    try:
        picture_format, width, height = inspect(data)
    except PictureNotSaved as error:
        raise _refusal(NO_PICTURE) from error
    is_complete = {
        "png": data.endswith(PNG_END),
        "jpeg": True,  # cameras append a short film or a depth map
        "webp": len(data) == int.from_bytes(data[4:8], "little") + 8,
    }
    if not is_complete.get(picture_format):
        raise _refusal(NO_PICTURE)
    try:
        return _Picture(picture_format, width, height, _pixels_only(data))
    except UNREADABLE as error:
        raise _refusal(NO_PICTURE) from error


def _pixels_only(data: bytes) -> bytes:
    """The same picture, upright, in a new file of the same format without metadata and whatever else the old one held.

    The colour profile stays. A JPEG is encoded with its own tables, so that hardly any pixel changes.
    """
    from PIL import JpegImagePlugin

    with open_picture(io.BytesIO(data)) as opened:
        form, profile = opened.format or "", opened.info.get("icc_profile")
        how: dict[str, Any] = {"lossless": b"VP8L" in data[:64], "quality": 95}
        if isinstance(opened, JpegImagePlugin.JpegImageFile):
            form = "JPEG"
            how = {"qtables": opened.quantization, "subsampling": JpegImagePlugin.get_sampling(opened)}
        picture = upright(opened, orientation(opened))
        picture.info = {name: picture.info[name] for name in ("transparency",) if name in picture.info}
        file = io.BytesIO()
        picture.save(file, form, icc_profile=profile, **how)
    return file.getvalue()


def _new_token() -> str:
    token = int(time.time()).to_bytes(TIME_BYTES) + secrets.token_bytes(32 - TIME_BYTES)
    return urlsafe_b64encode(token).decode().rstrip("=")


def _uploaded_at(name: str) -> float:
    """Seconds since 1970, from the name."""
    return float(int.from_bytes(urlsafe_b64decode(name[:TOKEN_LENGTH] + "=")[:TIME_BYTES]))


def _proof(token: str, visitor: str) -> str:
    code = hmac.digest(visitor.encode(), token.encode(), sha256)[:16]
    return urlsafe_b64encode(code).decode().rstrip("=")


def _is_owner(name: str, visitor: str) -> bool:
    token, proof = name[:TOKEN_LENGTH], name[TOKEN_LENGTH : TOKEN_LENGTH + PROOF_LENGTH]
    return hmac.compare_digest(proof.encode(), _proof(token, visitor).encode())


def _has_expired(used: float) -> bool:
    return time.time() - used > LIFE_S


def _refusal(what: str) -> InputError:
    return InputError("picture", what)
