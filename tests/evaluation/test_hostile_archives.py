"""ZIPs of evaluations that lie about their sizes, or are damaged behind pictures that have been stored."""

from __future__ import annotations

import bz2
import io
import json
import struct
import time
import zipfile
import zlib
from pathlib import Path

import httpx2
import pytest

from components.evaluation.archive import unpacking
from components.evaluation.archive.manifest import MOST_VALUES, read_manifest
from components.evaluation.archive.unpacking import DAMAGED, LARGEST_LIST, Unpacking
from components.playground import Playground
from tests.evaluation.test_voting import evaluated, http_client, playground

__all__ = ["http_client", "playground"]

MEGABYTE = bytes(1_000_000)


def packed(name: str, method: int, content: bytes, stated: int) -> bytes:
    """A ZIP of one file that states another size than it has."""
    sizes = struct.pack("<3L2H", 0, len(content), stated, len(name), 0)
    head = struct.pack("<4s5H", b"PK\3\4", 20, 0, method, 0, 0x21) + sizes + name.encode()
    entry = struct.pack("<4s6H", b"PK\1\2", 20, 20, 0, method, 0, 0x21) + sizes + bytes(14) + name.encode()
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(entry), len(head) + len(content), 0)
    return head + content + entry + end


def deflated(megabytes: int) -> bytes:
    packing = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"".join(packing.compress(MEGABYTE) for _ in range(megabytes)) + packing.flush()


@pytest.mark.parametrize("stated", [100, 2_000_000, 4_000_000_000])
@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_file_is_unpacked_no_further_than_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: int, stated: int
) -> None:
    """Whatever size it states; and not in one piece."""
    pieces = []
    content = deflated(50) if method == zipfile.ZIP_DEFLATED else bz2.compress(MEGABYTE * 50)
    file = tmp_path / "a.zip"
    file.write_bytes(packed("a", method, content, stated))
    update = zipfile.ZipExtFile._update_crc  # type: ignore[attr-defined]  # private
    monkeypatch.setattr(zipfile.ZipExtFile, "_update_crc", lambda self, data: pieces.append(len(data)) or update(self, data))

    with Unpacking(file) as archived, pytest.raises(DAMAGED):
        archived.read("a", 1_500_000)
    assert sum(pieces) <= 1_500_000 + unpacking.PIECE_BYTES


def test_all_files_together_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "LARGEST_UNPACKED", 2_500_000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as written:
        for name in "abc":
            written.writestr(name, MEGABYTE)

    with Unpacking(tmp_path / "a.zip") as archived:
        assert [len(archived.read(name, 1_000_000)) for name in "ab"] == [1_000_000] * 2
        with pytest.raises(ValueError, match="too large"):
            archived.read("c", 1_000_000)


def test_a_list_of_very_many_files_is_not_read(tmp_path: Path) -> None:
    """It would be held in memory as an object for each name."""
    entry = struct.pack("<4s6H3L2H", b"PK\1\2", 20, 20, 0, 0, 0, 0x21, 0, 0, 0, 1, 0) + bytes(14) + b"a"
    count = LARGEST_LIST // len(entry) + 1
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, count * len(entry), 0, 0)
    (tmp_path / "a.zip").write_bytes(entry * count + end)

    with pytest.raises(ValueError, match="list of files"):
        Unpacking(tmp_path / "a.zip")


@pytest.mark.parametrize(
    ("item", "count"), [(b"{}", MOST_VALUES // 2 - 100), (b"[]", MOST_VALUES // 2 - 100), (b"1", MOST_VALUES)]
)
def test_a_description_of_very_many_values_is_refused_at_once(item: bytes, count: int) -> None:
    """An error for each of them took minutes and gigabytes, while nothing else in the process ran."""
    many = (item + b",") * count + item
    began = time.process_time()
    for data in (
        b'{"version": 1, "cells": [' + many + b"]}",
        b'{"version": 1, "evaluation": {"questions": [' + many + b"]}}",
    ):
        with pytest.raises(ValueError):  # its text is slow to make, and shown to nobody
            read_manifest(data)
    assert time.process_time() - began < 10


async def test_nothing_stays_of_a_zip_that_is_damaged_at_its_end(
    playground: Playground, http_client: httpx2.AsyncClient
) -> None:
    """The pictures before the damage were stored; nothing holds them any longer. Those that a job shows stay."""
    evaluation = await evaluated(playground, 1)
    whole = zipfile.ZipFile(io.BytesIO((await http_client.get(f"/evaluations/{evaluation.id}/evaluation.zip")).content))
    manifest = json.loads(whole.read("evaluation.json"))
    pictures = playground.jobs.pictures
    before = {file.name for file in pictures.storage.files()}
    changed = io.BytesIO()
    with zipfile.ZipFile(changed, "w") as written:
        for cell in manifest["cells"][:-1]:
            data = whole.read(cell["file"])
            written.writestr(
                cell["file"], data.replace(b"</svg>", b"<!-- --></svg>") if b"<svg" in data[:500] else data + b"x"
            )
        written.writestr("evaluation.json", json.dumps(manifest))
    answer = await http_client.post("/evaluations", content=changed.getvalue())

    assert (answer.status_code, "damaged" in answer.text) == (422, True)
    assert {file.name for file in pictures.storage.files()} == before
    assert not pictures._held
