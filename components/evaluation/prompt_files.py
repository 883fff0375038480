"""Prompt sets from CSV and JSONL files, a row at a time: which columns there are, which is which, and the prompts.

A file is read no further than the most prompts an evaluation can have, so its size does not matter. It may have a byte
order mark, any line ends, and comma, semicolon or tab between columns; what is not UTF-8 is read as Windows-1252, which has
all letters of Latin-1. Texts are taken as they are, so ``{a|b}`` is not expanded and a formula is refused.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from components.catalog.requests import is_web_address
from components.errors import InputError
from components.evaluation.prompts import MOST_PROMPTS, SHIPPED, Prompt, PromptSet, collect_prompts, line_error

LONGEST_LINE = 200_000
SAMPLE_ROWS = 5
MOST_NAMES = 200  # of columns
SEPARATORS = ",;\t"
FORMULA = re.compile(r"\s*(=|[+@-]\s*[A-Za-z_.]+\()|#(REF|NAME|VALUE|DIV/0|N/A|NULL|NUM)[!?]?$")
NAMES = {
    "prompt": ("prompt", "prompts", "prompt text", "text prompt", "text", "caption", "description", "instruction", "input"),
    "category": ("category", "categories", "topic", "group", "type", "tag"),
    "images": ("images", "image", "references", "reference", "reference images", "image urls", "image url", "urls", "url"),
    "expected_text": ("expected text", "expected", "text in image", "text in the image", "lettering", "ocr"),
}
ADD_PROMPTS = "Choose a file with at least one prompt."
CHOOSE_COLUMN = "Choose the column with the prompts, or name it prompt in the file."
Cells = Mapping[str, Any]


@dataclass(frozen=True)
class ColumnMapping:
    """The names of the columns that hold each part of a prompt; "" where none does."""

    prompt: str = ""
    category: str = ""
    images: str = ""
    expected_text: str = ""


@dataclass(frozen=True)
class FileColumns:
    """What a file holds: its columns, the first rows as text, and the mapping that their names suggest."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    proposed: ColumnMapping


@dataclass(frozen=True)
class _Row:
    """One row with the number of its first line. ``cells`` holds texts, and in JSONL any values."""

    line: int
    cells: Cells


def read_columns(file: Path) -> FileColumns:
    """The columns of a ``.csv``, ``.tsv``, ``.jsonl`` or ``.ndjson`` file. Blocks. Raises InputError if it cannot be read."""
    names: dict[str, None] = {}
    first_rows: list[_Row] = []
    for row in islice(_rows(file, _encoding(file)), MOST_PROMPTS):  # in JSONL a later row may have further names
        names |= dict.fromkeys(row.cells)
        _check_count(row.line, len(names))
        if len(first_rows) < SAMPLE_ROWS:
            first_rows.append(row)
    if not names:
        raise InputError("prompts", "prompts: the file has no rows below the names of its columns.", next_step=ADD_PROMPTS)
    columns = tuple(names)
    sample = tuple(tuple(_text(row.cells.get(name)) for name in columns) for row in first_rows)
    return FileColumns(columns, sample, _propose(columns))


def read_file(file: Path, mapping: ColumnMapping | None = None) -> PromptSet:
    """The prompts of a file. Without a mapping the one that its columns suggest is used. Blocks.

    Raises:
        InputError: the file is empty, not text, or has no such column; or a row is wrong, which names its line.
    """
    encoding = _encoding(file)
    file_columns = read_columns(file)
    mapping = mapping or file_columns.proposed
    listed = ", ".join(file_columns.columns[:20])
    if not mapping.prompt:
        raise InputError(
            "prompts", f"prompts: no column seems to hold the prompts. The file has: {listed}.", next_step=CHOOSE_COLUMN
        )
    for name in _mapped(mapping):
        if name not in file_columns.columns:
            raise InputError(
                "prompts", f"prompts: there is no column {name[:60]!r}. The file has: {listed}.", next_step=CHOOSE_COLUMN
            )
    notices = (
        []
        if encoding == "utf-8-sig" or encoding == "utf-16"
        else ["The file is not UTF-8 and was read as Windows-1252 (Latin-1). Check letters with accents."]
    )
    return collect_prompts(((row.line, _prompt(row, mapping)) for row in _rows(file, encoding)), notices)


def shipped_prompts() -> PromptSet:
    """The set that ships: eight categories of three prompts. Blocks."""
    return read_file(SHIPPED)


def _mapped(mapping: ColumnMapping) -> list[str]:
    return [name for field in fields(mapping) if (name := getattr(mapping, field.name))]


def _propose(columns: tuple[str, ...]) -> ColumnMapping:
    """For each part of a prompt the column with the first of its usual names, in any case and with _ or - for a space."""
    by_name = {re.sub(r"[\s_-]+", " ", column).strip().lower(): column for column in reversed(columns)}
    return ColumnMapping(**{part: next((by_name[n] for n in names if n in by_name), "") for part, names in NAMES.items()})


def _prompt(row: _Row, mapping: ColumnMapping) -> Prompt:
    texts = {part: _text(row.cells.get(name)).strip() for part, name in vars(mapping).items() if name}
    for part, text in texts.items():
        if FORMULA.match(text):
            name = vars(mapping)[part]
            raise line_error(
                row.line, f"has a formula in column {name[:60]!r}: {text[:40]!r}. Save the file with values instead."
            )
    images = row.cells.get(mapping.images) if mapping.images else None
    return Prompt(texts["prompt"], texts.get("category", ""), _addresses(row.line, images), texts.get("expected_text", ""))


def _addresses(line: int, value: Any) -> tuple[str, ...]:
    """The addresses of a cell: a list, or a text with white space or bars between them."""
    parts = value if isinstance(value, list) else re.split(r"[\s|]+", _text(value))
    addresses = tuple(text for part in parts if (text := _text(part).strip()))
    for address in addresses:
        if not is_web_address(address):
            raise line_error(line, f"has {address[:60]!r} as a reference image. Give a full web address, https://…")
    return addresses


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _encoding(file: Path) -> str:
    """How the part of a file that can matter is encoded. Raises InputError if it is empty or not text."""
    with file.open("rb") as opened:
        start = opened.read(4096)
        if not start.strip(b"\xef\xbb\xbf\r\n\t "):
            raise InputError("prompts", "prompts: the file is empty.", next_step=ADD_PROMPTS)
        if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16"
        if b"\0" in start:
            what = "prompts: the file is not text. Spreadsheets can be saved as CSV."
            raise InputError("prompts", what, next_step="Choose a CSV or JSONL file.")
    try:
        with file.open(encoding="utf-8", newline="") as text:
            for _ in islice(_lines(text), MOST_PROMPTS * 20):
                pass
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _lines(text: TextIO) -> Iterator[str]:
    """The lines with their ends. Raises InputError at one that is too long to be a row."""
    number = 0
    while line := text.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE:
            raise line_error(number, f"is longer than {LONGEST_LINE:,} characters.")
        yield line


def _rows(file: Path, encoding: str) -> Iterator[_Row]:
    kind = file.suffix.lower()
    if kind not in (".csv", ".tsv", ".jsonl", ".ndjson"):
        what = f"prompts: {file.name[-60:]} is no CSV or JSONL file."
        raise InputError("prompts", what, next_step="Choose a file that ends in .csv, .tsv, .jsonl or .ndjson.")
    with file.open(encoding=encoding, errors="replace", newline="") as text:
        yield from _csv_rows(text) if kind in (".csv", ".tsv") else _json_rows(text)


def _csv_rows(text: TextIO) -> Iterator[_Row]:
    """Rows below the first, which names the columns; empty rows are skipped."""
    header_line = text.readline(LONGEST_LINE)
    separator = max(SEPARATORS, key=lambda mark: _count_cells(header_line, mark))
    text.seek(0)
    reader = csv.reader(_lines(text), delimiter=separator, strict=True)
    header: list[str] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise line_error(line, f"is not valid CSV: {error}. Look for a quotation mark that is not closed.") from error
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            _check_count(line, len(cells))
            header = [cell.strip() or f"column {number}" for number, cell in enumerate(cells, 1)]
            if twice := [name for name in header if header.count(name) > 1]:
                raise line_error(line, f"names two columns {twice[0][:60]!r}.")
            continue
        if len(cells) > len(header):
            raise line_error(
                line,
                f"has {len(cells)} cells, but the file has {len(header)} columns. Put quotes around texts with {separator!r}.",
            )
        yield _Row(line, dict(zip(header, cells, strict=False)))


def _count_cells(line: str, separator: str) -> int:
    """How many cells a line has with this separator; 0 where one is too long for the reader."""
    try:
        return len(next(csv.reader([line], delimiter=separator), []))
    except csv.Error:
        return 0


def _check_count(line: int, names: int) -> None:
    """Raises InputError for a file of so many columns that it is no table of prompts."""
    if names > MOST_NAMES:
        raise line_error(line, f"has too many columns: {names:,} so far. At most {MOST_NAMES} are allowed.")


def _json_rows(text: TextIO) -> Iterator[_Row]:
    """One object a line; empty lines are skipped."""
    for number, line in enumerate(_lines(text), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise line_error(number, f"is not valid JSON: {getattr(error, 'msg', 'nested too deeply')}.") from error
        if not isinstance(value, dict):
            raise line_error(number, 'is not a JSON object such as {"prompt": "A red kite"}.')
        yield _Row(number, value)
