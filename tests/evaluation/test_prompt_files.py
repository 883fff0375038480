"""Prompt sets from CSV and JSONL files as spreadsheets and people write them."""

from __future__ import annotations

import time
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest

from components.errors import InputError
from components.evaluation.prompt_files import ColumnMapping, read_columns, read_file, shipped_prompts
from components.evaluation.prompts import MOST_PROMPTS, Prompt

REAL = [
    "A red kite 🪁 over a beach",
    'A shop window that says "Closed"',
    "A poster:\n1. large title\n2. small date",
    "Crème brûlée, top view; warm light",
    "{not|expanded} and a \\ backslash",
    "- a dash at the start",
    *(f"Prompt number {number}, with a comma" for number in range(14)),
]


def write(folder: Path, name: str, content: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def test_twenty_real_prompts_are_twenty_rows_in_any_form(tmp_path: Path) -> None:
    rows = "".join(f"{quoted(text)},photo\n" for text in REAL)
    plain = "Prompt,Category\n" + rows
    variants = [
        plain.encode(),
        b"\xef\xbb\xbf" + plain.encode(),
        plain.replace("\n", "\r\n").encode(),
        plain.encode("utf-16"),
        plain.replace(",photo\n", ";photo\n").replace("Prompt,", "Prompt;").encode(),
        plain.replace(",photo\n", "\tphoto\n\n").replace("Prompt,", "Prompt\t").encode(),
    ]
    for content in variants:
        prompt_set = read_file(write(tmp_path, "prompts.csv", content))
        assert [prompt.text.replace("\r\n", "\n") for prompt in prompt_set.prompts] == REAL, content[:40]
        assert {prompt.category for prompt in prompt_set.prompts} == {"photo"}
        assert prompt_set.notices == ()


def test_what_is_not_utf_8_is_read_as_latin_1_with_a_notice(tmp_path: Path) -> None:
    file = write(tmp_path, "prompts.csv", "prompt\nCafé Müller\n".encode("latin-1"))

    prompt_set = read_file(file)
    assert prompt_set.prompts == (Prompt("Café Müller"),)
    assert "Latin-1" in prompt_set.notices[0]


def test_columns_are_proposed_by_name_and_can_be_chosen(tmp_path: Path) -> None:
    content = (
        "id,Reference_Images,Text Prompt,Expected text,topic\n1,https://a.b/c.png https://a.b/d.png,A sign,OPEN,signs\n"
    )
    file = write(tmp_path, "prompts.csv", content)

    columns = read_columns(file)
    assert columns.proposed == ColumnMapping("Text Prompt", "topic", "Reference_Images", "Expected text")
    assert columns.rows[0][:3] == ("1", "https://a.b/c.png https://a.b/d.png", "A sign")
    assert read_file(file).prompts == (Prompt("A sign", "signs", ("https://a.b/c.png", "https://a.b/d.png"), "OPEN"),)
    assert read_file(file, ColumnMapping("topic")).prompts == (Prompt("signs"),)


def test_jsonl_takes_lists_and_names_that_only_later_rows_have(tmp_path: Path) -> None:
    content = '{"prompt": "A kite"}\n\n{"prompt": "A cat", "images": ["https://a.b/c.png"], "category": 7}\n'
    file = write(tmp_path, "prompts.jsonl", content)

    assert read_file(file).prompts == (Prompt("A kite"), Prompt("A cat", "7", ("https://a.b/c.png",)))


def test_a_wrong_file_is_explained_with_its_line(tmp_path: Path) -> None:
    cases: list[tuple[str, str | bytes, str]] = [
        ("a.csv", "", "the file is empty"),
        ("a.csv", b"\xef\xbb\xbf\r\n", "the file is empty"),
        ("a.csv", "prompt\n", "no rows below"),
        ("a.csv", "name,age\nAnn,7\n", "no column seems to hold the prompts. The file has: name, age"),
        ("a.csv", "prompt,prompt\na,b\n", "line 1 names two columns"),
        ("a.csv", "prompt,b\nA kite,1\nA red, tall kite,2\n", "line 3 has 3 cells"),
        ("a.csv", 'prompt\n"A kite\nA cat\n', "line 2 is not valid CSV"),
        ("a.csv", "prompt,b\nA kite,\n,2\n", "line 3 has an empty prompt"),
        ("a.csv", 'prompt\n"=HYPERLINK(""http://a.b"")"\n', "line 2 has a formula in column 'prompt'"),
        ("a.csv", "prompt\n+cmd(1)\n", "line 2 has a formula"),
        ("a.csv", "prompt\n#REF!\n", "line 2 has a formula"),
        ("a.csv", "prompt,image\nA kite,kite.png\n", "line 2 has 'kite.png' as a reference image"),
        ("a.csv", b"PK\x03\x04\x00\x00", "the file is not text"),
        ("a.csv", "prompt\n" + "x" * 300_000, "line 2 is longer than 200,000"),
        ("a.xlsx", "prompt\nA kite\n", "is no CSV or JSONL file"),
        ("a.jsonl", '{"prompt": "A kite"}\n{"prompt": \n', "line 2 is not valid JSON"),
        ("a.jsonl", '["A kite"]\n', "line 1 is not a JSON object"),
        ("a.jsonl", "[" * 100_000, "line 1 is not valid JSON"),
        ("a.jsonl", '{"prompt": "A kite"}\n{"text": "A cat"}\n', "line 2 has an empty prompt"),
    ]
    for name, content, message in cases:
        with pytest.raises(InputError, match=message):
            read_file(write(tmp_path, name, content))
    with pytest.raises(InputError, match="there is no column 'text'"):
        read_file(write(tmp_path, "a.csv", "prompt\nA kite\n"), ColumnMapping("text"))


def test_a_million_rows_are_refused_without_reading_them(tmp_path: Path) -> None:
    """Different or all the same, they take little memory."""
    for row in ("A kite {}", "A kite"):
        file = tmp_path / "large.csv"
        with file.open("w") as opened:
            opened.write("prompt\n")
            opened.writelines(row.format(number) + "\n" for number in range(1_000_000))
        tracemalloc.start()
        begun = time.process_time()
        with pytest.raises(InputError, match=rf"line {MOST_PROMPTS + 2:,} is one too many"):
            read_file(file)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
        assert time.process_time() - begun < 5
        tracemalloc.stop()


def test_the_shipped_set_has_eight_categories_of_three() -> None:
    prompt_set = shipped_prompts()
    counts = Counter(prompt.category for prompt in prompt_set.prompts)

    assert list(counts.values()) == [3] * 8
    assert all(prompt.expected_text for prompt in prompt_set.prompts if prompt.category == "text in images")
    assert all(prompt.images for prompt in prompt_set.prompts if prompt.category == "editing")
    assert all(prompt.expected_text.lower() in prompt.text.lower() for prompt in prompt_set.prompts if prompt.expected_text)
