"""The application where the locale's encoding is not UTF-8, as on machines in China and Japan, and in bare containers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.tools import require_tool
from tests.ui import api_client, run_app

pytestmark = pytest.mark.processes

PROMPT = "狐 Füchse 🦊 café"
LOCALES = {"GBK": ("zh_CN", "GBK"), "cp932": ("ja_JP", "SHIFT_JIS")}
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@pytest.mark.parametrize("name", [*LOCALES, "ASCII"])
def test_a_job_runs_in_a_locale_whose_encoding_is_not_utf_8(name: str, tmp_path: Path) -> None:
    """No file of ours is opened without its encoding, the prompt is whole, and the log can be written. With ASCII it starts
    in another folder, from which the application's own files are found as well."""
    with run_app(
        tmp_path / "home",
        ROOT / "app.py" if name == "ASCII" else Path("app.py"),
        PYTHONWARNDEFAULTENCODING="1",
        PLAYGROUND_LOG_PROMPTS="1",
        **locale(name, tmp_path),
    ) as app:
        with api_client(app, X_Playground_Visitor="ann-of-the-locales-0123456789") as client:
            made = client.predict("cogview-4", {"prompt": PROMPT}, api_name="/generate")
            (entry,) = client.predict({"text": "Füchse"}, api_name="/history")["jobs"]

        assert app.get("/").status_code == 200
    warned = [line for line in app.log.splitlines() if "EncodingWarning" in line and "site-packages" not in line]
    assert (made["state"], entry["prompt"], warned) == ("done", PROMPT, [])
    assert "Traceback" not in app.log
    assert "UnicodeEncodeError" not in app.log


def locale(name: str, folder: Path) -> dict[str, str]:
    """The environment of a locale, which is compiled here; skips the test where this system has no source of it."""
    if name not in LOCALES:
        return ASCII
    language, charset = LOCALES[name]
    require_tool("localedef")
    compiled = folder / f"{language}.{charset}"
    command = ["localedef", "--no-warnings=ascii", "-i", language, "-f", charset, str(compiled)]
    subprocess.run(command, capture_output=True, check=False)
    if not compiled.is_dir():
        pytest.skip(f"there is no source of the locale {language}.{charset}")
    return {"LOCPATH": str(folder), "LC_ALL": compiled.name}
