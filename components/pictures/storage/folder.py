"""Storage in a folder of this machine."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from components.pictures.storage.base import StoredFile
from components.pictures.storage.disk import Disk, disk_of

ABANDONED_S = 3_600.0


class FolderStorage:
    """Plain files in a folder, which is created. A file's modification time is when it was last used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for part in folder.glob(".*.part"):  # left by a process that was killed; another may still be writing a recent one
            if time.time() - part.stat().st_mtime > ABANDONED_S:
                part.unlink(missing_ok=True)

    @property
    def disk(self) -> Disk:
        return disk_of(self.folder)

    def find(self, name: str) -> StoredFile | None:
        path = self.folder / name
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
        return StoredFile(status.st_mtime, status.st_size, name) if path.is_file() else None

    def files(self) -> Iterator[StoredFile]:
        for entry in os.scandir(self.folder):
            if entry.name.startswith(".") or not entry.is_file():
                continue
            try:
                status = entry.stat()
            except FileNotFoundError:  # deleted since the folder was listed
                continue
            yield StoredFile(status.st_mtime, status.st_size, entry.name)

    def read(self, name: str) -> Path | None:
        path = self.folder / name
        return path if path.is_file() else None

    def put(self, name: str, data: bytes) -> None:
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.folder / name)
            _sync_folder(self.folder)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def touch(self, name: str, used: float) -> None:
        os.utime(self.folder / name, (used, used))

    def remove(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a new file name survive a power failure. Windows offers no call for that."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
