"""CSV text for spreadsheets: with a byte order mark, lines end with CR LF, no cell is a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# Excel reads a file without it in the system's own encoding.
BYTE_ORDER_MARK = "\ufeff"
# What starts a formula: at the beginning of a cell, and after a separator, where a spreadsheet whose list separator is
# not the comma splits the cell. A hyphen with a space is an item of a list.
FORMULA = re.compile(r"^(?=[=+\-@\t\r\n＝＋－＠])|(?<=[;\t\r\n])(?=[=+@＝＋＠]|[-－]\S)")


def csv_header(columns: Sequence[str]) -> str:
    """The byte order mark and the line of column names."""
    return BYTE_ORDER_MARK + csv_rows([dict(zip(columns, columns, strict=True))], columns)


def csv_rows(rows: Iterable[Mapping[Any, Any]], columns: Sequence[str]) -> str:
    """The lines of rows. None and NaN are empty cells; a text that a spreadsheet would run gets a leading quote."""
    lines = io.StringIO(newline="")
    csv.writer(lines, lineterminator="\r\n").writerows([_cell(row[name]) for name in columns] for row in rows)
    return lines.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return FORMULA.sub("'", value)
    return "" if value is None or value != value else value  # only NaN differs from itself
