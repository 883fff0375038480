"""Programs that the tests run: ``python -m tests.tools`` installs the missing ones on Debian, as root.

A test whose program is missing skips; with ``CI=true`` it fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

PACKAGES = {
    "bash": "bash", "busybox": "busybox", "curl": "curl", "jq": "jq", "nginx": "nginx-light", "node": "nodejs", "zsh": "zsh",
}  # fmt: skip


def missing() -> list[str]:
    """The programs that are not on PATH."""
    return [name for name in PACKAGES if shutil.which(name) is None]


def require_tool(name: str) -> None:
    """Skip the test, or with ``CI=true`` fail it, where a program is not on PATH."""
    if shutil.which(name) is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{name} is not on PATH")


def main() -> int:
    """Install what is missing and say what still is. Returns the exit status."""
    if missing() and shutil.which("apt-get") and os.geteuid() == 0:
        settings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        packages = [PACKAGES[name] for name in missing()]
        subprocess.run(["apt-get", "update", "-q"], env=settings, check=False)
        subprocess.run(["apt-get", "install", "-qy", "--no-install-recommends", *packages], env=settings, check=False)
    for name in missing():
        print(f"TESTS SKIPPED: {name} is not on PATH.")
    return 1 if missing() and os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
