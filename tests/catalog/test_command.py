"""``python -m components.catalog FILE`` checks a catalog without starting the product."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from components.catalog.__main__ import main
from components.catalog.models import Catalog

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "components.catalog", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)


def test_a_valid_catalog_is_counted_and_the_exit_status_is_0() -> None:
    done = check("catalog.yaml")

    assert done.returncode == 0
    assert done.stdout == "catalog.yaml: 11 models, 24 price rules, no faults\n"


def test_entries_that_were_not_checked_for_long_are_named_without_failing(
    catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    checked = {str(model.checked_on) for model in catalog.models}
    assert checked == {"2026-11-22"}
    for today, warnings in [(date(2027, 3, 22), 0), (date(2027, 3, 23), 11), (date(2027, 3, 29), 12)]:
        assert main(["catalog.yaml"], today) == 0
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == warnings
        if lines:
            assert lines[-1] == (
                f"catalog.yaml: warning: model hunyuan-image-3 was last checked on 2026-11-22, "
                f"{(today - date(2026, 11, 22)).days} days ago; compare it with its source"
            )


def test_all_faults_are_printed_with_line_and_fix_and_the_exit_status_is_1(tmp_path: Path) -> None:
    faulty = tmp_path / "faulty.yaml"
    text = (ROOT / "catalog.yaml").read_text(encoding="utf-8")
    changes = [("default: 1K", "default: 3K"), ("{when: {quality: high}", "{when: {quality: low}")]
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    faulty.write_text(text, encoding="utf-8")
    lines = [text[: text.index(new)].count("\n") + 1 for _, new in changes]

    done = check(str(faulty))

    assert (done.returncode, done.stdout) == (1, "")
    first, second = done.stderr.splitlines()
    assert first.startswith(f"{faulty}, line {lines[0]}, model flux-2, field parameters.properties.resolution.default: ")
    assert second.startswith(f"{faulty}, line {lines[1]}, model gpt-image-1.5-official, field price.0.when.quality: ")
    assert second.endswith("use an allowed value.")


def test_a_missing_file_is_named_and_the_exit_status_is_1() -> None:
    done = check("nowhere.yaml")

    assert done.returncode == 1
    assert done.stderr.startswith("nowhere.yaml: the catalog cannot be read")


def test_wrong_usage_prints_the_usage_and_the_exit_status_is_2() -> None:
    for arguments in ((), ("one.yaml", "two.yaml")):
        done = check(*arguments)

        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "usage: python -m components.catalog FILE\n"
