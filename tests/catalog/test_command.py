"""``python -m components.catalog FILE`` checks a catalog where no page runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command run as a person runs it."""
    command = [sys.executable, "-m", "components.catalog", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)


def test_a_good_catalog_is_counted_and_exits_with_0() -> None:
    done = check("catalog.yaml")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "catalog.yaml: 11 models, 24 price rules, no fault found\n"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("credits: 24}", "credit: 24}", "field price.0.credit"),
        ('"3:2"', "3:2", "quote it"),
        ("usd_per_credit: 0.01", "usd_per_credit: free", "field endpoint.usd_per_credit"),
    ],
    ids=["misspelt key", "bare ratio", "free credits"],
)
def test_a_faulty_catalog_exits_with_1_and_says_what_to_do_where(tmp_path: Path, old: str, new: str, expected: str) -> None:
    faulty = tmp_path / "faulty.yaml"
    text = (ROOT / "catalog.yaml").read_text(encoding="utf-8")
    assert old in text
    faulty.write_text(text.replace(old, new, 1), encoding="utf-8")
    line = next(
        number
        for number, (a, b) in enumerate(
            zip(text.split("\n"), faulty.read_text(encoding="utf-8").split("\n"), strict=True), 1
        )
        if a != b
    )

    done = check(str(faulty))

    assert (done.returncode, done.stdout) == (1, "")
    assert f"{faulty}, line {line}, " in done.stderr
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_every_faulty_line_is_printed_in_one_run(tmp_path: Path) -> None:
    """Somebody who mends a file does not want to run the command once for each fault."""
    faulty = tmp_path / "faulty.yaml"
    text = (ROOT / "catalog.yaml").read_text(encoding="utf-8")
    text = text.replace("default: 1K", "default: 3K", 1).replace("{when: {quality: high}", "{when: {quality: low}", 1)
    faulty.write_text(text, encoding="utf-8")

    done = check(str(faulty))

    assert done.returncode == 1
    assert ["flux-2" in line or "gpt-image-1.5-official" in line for line in done.stderr.splitlines()] == [True, True]


def test_a_missing_file_exits_with_1() -> None:
    done = check("nowhere.yaml")

    assert done.returncode == 1
    assert done.stderr.startswith("nowhere.yaml: the catalog cannot be read")


@pytest.mark.parametrize("arguments", [(), ("one.yaml", "two.yaml")], ids=["none", "two"])
def test_a_wrong_call_exits_with_2_and_shows_the_usage(arguments: tuple[str, ...]) -> None:
    done = check(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "usage: python -m components.catalog FILE\n"
