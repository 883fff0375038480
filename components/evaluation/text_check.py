"""The text that a picture should show, compared with what is read from it. Needs ``pip install -r requirements-ocr.txt``.

Reading takes seconds of a processor and half a gigabyte, so it happens in a worker process. The weights are in the
installed package: nothing is downloaded.
"""

from __future__ import annotations

import asyncio
import importlib.util
import multiprocessing
import unicodedata
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from typing import Any

READ_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class TextResult:
    """``read`` is the text in the picture. ``exact``: the expected text is in it. ``error_rate``: characters to change, from 0 to 1."""

    expected: str
    read: str
    exact: bool
    error_rate: float


class TextReader:
    """Reads text from pictures in a worker process, which starts with the first picture."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    @staticmethod
    def available() -> bool:
        """Whether the packages of requirements-ocr.txt are installed."""
        return all(importlib.util.find_spec(name) for name in ("rapidocr", "onnxruntime"))

    async def check(self, picture: bytes, expected: str) -> TextResult | None:
        """Read a picture (png, jpeg or webp) and compare; None if it could not be read. The next one gets a new process."""
        if self._pool is None:
            # spawn: a forked child would inherit the locks of this process's threads.
            self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        pool = self._pool
        try:
            reading = asyncio.get_running_loop().run_in_executor(pool, read_text, picture)
            return compare_text(expected, await asyncio.wait_for(reading, READ_TIMEOUT_S))
        except (BrokenProcessPool, TimeoutError):  # out of memory, or stuck
            self._end(pool)
            return None

    def close(self) -> None:
        """End the worker process."""
        if self._pool:
            self._end(self._pool)

    def _end(self, pool: ProcessPoolExecutor) -> None:
        if self._pool is pool:
            self._pool = None
        processes = list((pool._processes or {}).values())  # there is no public way to end a stuck one before Python 3.14
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()


def read_text(picture: bytes) -> str:
    """The text in a picture, line by line. Loads the weights once a process, and blocks for seconds."""
    lines = _engine()(picture).txts
    return "\n".join(lines or ())


def compare_text(expected: str, read: str) -> TextResult:
    """Compare without case, white space and the form of quotation marks: readers often lose the spaces.

    The error rate is the smallest number of characters to insert, delete or replace to get the expected text from any part
    of what was read, divided by its length: other text in the picture does no harm.
    """
    wanted, seen = _normal(expected), _normal(read)
    if not wanted:
        return TextResult(expected, read, True, 0.0)
    return TextResult(expected, read, wanted in seen, _distance_to_part(wanted, seen) / len(wanted))


def _normal(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold().translate(str.maketrans("’‘“”„–—", '\'\'"""--'))
    return "".join(plain.split())


def _distance_to_part(wanted: str, text: str) -> int:
    """The edit distance of ``wanted`` to the part of ``text`` that is closest to it (Sellers' algorithm)."""
    distances = list(range(len(wanted) + 1))  # to end here, after so many characters of what is wanted
    best = distances[-1]
    for character in text:
        previous, distances = distances, [0]
        for at, letter in enumerate(wanted):
            change = previous[at] + (letter != character)
            distances.append(min(change, previous[at + 1] + 1, distances[at] + 1))
        best = min(best, distances[-1])
    return best


@cache
def _engine() -> Any:
    from rapidocr import RapidOCR  # an optional package

    return RapidOCR(params={"Global.log_level": "error"})
