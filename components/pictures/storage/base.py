"""The interface of a storage backend: names and bytes, nothing about pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from components.pictures.storage.disk import Disk


class StoredFile(NamedTuple):
    """A stored file: when it was last used (seconds since 1970), its size in bytes, its name."""

    used: float
    size: int
    name: str


class PictureStorage(Protocol):
    """What a backend must do. Every method blocks, so it runs in a thread, and raises OSError when the backend fails."""

    @property
    def disk(self) -> Disk | None:
        """The disk of this machine that the files are on; None if they are elsewhere."""

    def find(self, name: str) -> StoredFile | None:
        """The file of this name, or None."""

    def files(self) -> Iterator[StoredFile]:
        """Every file."""

    def read(self, name: str) -> Path | bytes | None:
        """The path of a file on this machine, otherwise the bytes; None if there is no such file."""

    def put(self, name: str, data: bytes) -> None:
        """Write a file. It appears under its name complete or not at all."""

    def touch(self, name: str, used: float) -> None:
        """Set when the file was last used, in seconds since 1970, where the backend records that."""

    def remove(self, name: str) -> None:
        """Delete a file; no error if it does not exist."""
