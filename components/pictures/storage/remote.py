"""Storage at any place that fsspec has a backend for, such as S3."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import fsspec

from components.pictures.storage.base import StoredFile
from components.pictures.storage.disk import Disk


class RemoteStorage:
    """Files below ``root`` of an fsspec file system. Object stores write a file completely or not at all."""

    def __init__(self, system: fsspec.AbstractFileSystem, root: str) -> None:
        self._system = system
        self._root = root.rstrip("/")
        system.makedirs(self._root, exist_ok=True)

    @property
    def disk(self) -> Disk | None:
        return Disk(kind="memory") if self._system.protocol == "memory" else None

    def find(self, name: str) -> StoredFile | None:
        try:
            return _stored_file(self._system.info(self._path(name)))
        except FileNotFoundError:
            return None

    def files(self) -> Iterator[StoredFile]:
        found = (_stored_file(entry) for entry in self._system.ls(self._root, detail=True))
        yield from (file for file in found if file)

    def read(self, name: str) -> bytes | None:
        try:
            return bytes(self._system.cat_file(self._path(name)))
        except FileNotFoundError:
            return None

    def put(self, name: str, data: bytes) -> None:
        self._system.pipe_file(self._path(name), data)

    def touch(self, name: str, used: float) -> None:
        """Nothing: object stores record only when a file was written, so the oldest counts as the least used."""

    def remove(self, name: str) -> None:
        try:
            self._system.rm_file(self._path(name))
        except FileNotFoundError:
            return

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


def _stored_file(entry: dict[str, Any]) -> StoredFile | None:
    """A file from an entry of an fsspec listing; None for anything else, such as a folder."""
    if entry.get("type") != "file":
        return None
    return StoredFile(_written_at(entry), int(entry.get("size") or 0), str(entry["name"]).rpartition("/")[2])


def _written_at(entry: dict[str, Any]) -> float:
    """Seconds since 1970, under the various keys that backends use; 0 if the backend does not say."""
    for key in ("mtime", "LastModified", "last_modified", "updated", "created"):
        value = entry.get(key)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return float(value)
    return 0.0
