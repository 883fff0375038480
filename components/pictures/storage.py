"""Where pictures lie: a folder of this machine, or any place that fsspec can write to."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import fsspec
from fsspec.core import url_to_fs

from components.errors import SettingsError

NAME = "PLAYGROUND_IMAGES_URL"
ABANDONED_S = 3_600.0


class Item(NamedTuple):
    """A kept file: when it was last used (seconds since 1970), its bytes, its name."""

    used: float
    size: int
    name: str


class PictureStorage(Protocol):
    """Names and bytes. Every method blocks and raises OSError where the place fails."""

    def has(self, name: str) -> bool:
        """Whether there is such a file."""

    def put(self, name: str, data: bytes) -> None:
        """All or nothing: a half-written file never bears its final name."""

    def touch(self, name: str) -> None:
        """The file is used again."""

    def read(self, name: str) -> Path | bytes | None:
        """The file's path where it has one, else its bytes; None where there is none."""

    def items(self) -> Iterator[Item]:
        """Every file."""

    def remove(self, name: str) -> None:
        """Delete a file, which may be gone already."""


def open_storage(address: str) -> PictureStorage:
    """The place at an fsspec URL such as ``s3://bucket/pictures`` or ``file:///srv/pictures``.

    Raises:
        SettingsError: it cannot be used, with the reason and never with a secret of the URL.
    """
    try:
        system, path = url_to_fs(address)
    except ImportError as error:
        raise SettingsError(f"{NAME}: {error}.") from error
    except Exception as error:  # whatever an unknown backend raises for its own URL
        raise SettingsError(f"{NAME}: cannot be used ({type(error).__name__}).") from error
    local = "file" in (system.protocol if isinstance(system.protocol, tuple | list) else [system.protocol])
    try:
        return FolderStorage(Path(path)) if local else RemoteStorage(system, path)
    except Exception as error:
        raise SettingsError(f"{NAME}: cannot be used ({type(error).__name__}).") from error


class FolderStorage:
    """Plain files in a folder, which is created. Raises OSError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(".*.part"):  # of a process that was killed while it wrote; a young one may be at it still
            if time.time() - left.stat().st_mtime > ABANDONED_S:
                left.unlink(missing_ok=True)

    def has(self, name: str) -> bool:
        return (self.folder / name).is_file()

    def put(self, name: str, data: bytes) -> None:
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.folder / name)
            _sync(self.folder)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def touch(self, name: str) -> None:
        (self.folder / name).touch()

    def read(self, name: str) -> Path | bytes | None:
        return self.folder / name if self.has(name) else None

    def items(self) -> Iterator[Item]:
        for entry in os.scandir(self.folder):
            if entry.is_file() and not entry.name.startswith("."):
                yield Item(entry.stat().st_mtime, entry.stat().st_size, entry.name)

    def remove(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)


class RemoteStorage:
    """Files at a place that fsspec knows. Its stores write an object as a whole or not at all."""

    def __init__(self, system: fsspec.AbstractFileSystem, root: str) -> None:
        self._system = system
        self._root = root.rstrip("/")
        system.makedirs(self._root, exist_ok=True)

    def has(self, name: str) -> bool:
        return bool(self._system.isfile(self._at(name)))

    def put(self, name: str, data: bytes) -> None:
        self._system.pipe_file(self._at(name), data)

    def touch(self, name: str) -> None:
        """Object stores have no time of use: their files go by age."""

    def read(self, name: str) -> Path | bytes | None:
        try:
            return bytes(self._system.cat_file(self._at(name)))
        except FileNotFoundError:
            return None

    def items(self) -> Iterator[Item]:
        for entry in self._system.ls(self._root, detail=True):
            if entry.get("type") == "file":
                yield Item(_seconds(entry), int(entry.get("size") or 0), str(entry["name"]).rpartition("/")[2])

    def remove(self, name: str) -> None:
        try:
            self._system.rm_file(self._at(name))
        except FileNotFoundError:
            return

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"


def _sync(folder: Path) -> None:
    """A new name is on the disk only when its folder is; Windows has no way to ask for that."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _seconds(entry: dict[str, Any]) -> float:
    """When a file was made, under the names that backends give it; 0 where they do not say."""
    for name in ("mtime", "LastModified", "last_modified", "updated", "created"):
        value = entry.get(name)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return float(value)
    return 0.0
