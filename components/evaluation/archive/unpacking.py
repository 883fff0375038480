"""Unpack an untrusted ZIP within limits, without trusting the sizes that it declares."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

LARGEST_UNPACKED = 2_000_000_000  # bytes of all files together: pictures hardly shrink in a ZIP
LARGEST_LIST = 4_000_000  # bytes of the list of files, some 40,000 of them
PIECE_BYTES = 1_000_000  # bytes that are unpacked at once
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others unpack a whole chunk at once, of any size
# What the standard library raises for a damaged or an odd ZIP; ValueError is ours too.
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, KeyError, OSError, RuntimeError, ValueError)


class _LimitedFile(io.FileIO):
    """A file that gives at most LARGEST_LIST bytes at once: ``zipfile`` reads the list of files whole."""

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(LARGEST_LIST + 1 if size is None or size < 0 else min(size, LARGEST_LIST + 1)) or b""
        if len(data) > LARGEST_LIST:
            raise ValueError("the list of files is too long")
        return data


class Unpacking:
    """A ZIP that is open for reading; it is closed at the end of a ``with``. Blocks. Raises one of DAMAGED."""

    def __init__(self, file: Path) -> None:
        self._file = _LimitedFile(file)
        self._left = LARGEST_UNPACKED
        try:
            self._zip = zipfile.ZipFile(self._file)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Unpacking:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        self._file.close()

    def read(self, name: str, most: int) -> bytes:
        """A file of at most ``most`` bytes. Raises one of DAMAGED if it is larger, or all together are."""
        entry = self._zip.getinfo(name)
        if entry.compress_type not in METHODS:
            raise ValueError("a file is packed by another method")
        data = bytearray()
        with self._zip.open(entry) as opened:
            while piece := opened.read(PIECE_BYTES):
                data += piece
                self._left -= len(piece)
                if len(data) > most or self._left < 0:
                    raise ValueError("a file is too large")
        return bytes(data)
