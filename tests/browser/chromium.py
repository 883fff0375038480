"""Finds a Chromium for the browser tests, and as a command makes sure that there is one.

``python -m tests.browser.chromium`` takes what the machine has, else Debian's package, else Playwright's own
download. Where none of that works it says so in one loud line and the tests skip; with ``CI=true`` it fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
MISSING = "BROWSER TESTS SKIPPED: no Chromium here. Install one, or set CHROMIUM to its path."
# The suggestions below the address bar are pages of their own, which cost each window a renderer. Whoever names
# features to Chromium replaces those that Playwright names, so these are named here too.
OFF = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(OFF)}",
)


def find() -> str | None:
    """The path of a Chromium: the one CHROMIUM names, one on the PATH, or the one Playwright has installed."""
    named = os.environ.get("CHROMIUM")
    if named and shutil.which(named):
        return shutil.which(named)
    return next((path for name in NAMES if (path := shutil.which(name))), None) or _own()


def arguments() -> list[str]:
    """What to start it with: quiet, and without its own sandbox only where root cannot have one."""
    return [*(["--no-sandbox"] if _is_root() else []), *ARGUMENTS]


def strict() -> bool:
    """Whether a missing browser is a failure instead of a skip."""
    return os.environ.get("CI", "").lower() == "true"


def main() -> int:
    """Make sure there is a browser. Returns the exit status."""
    for provide in (lambda: None, _from_debian, _from_playwright):
        provide()
        if path := find():
            print(f"Browser tests use {path}")
            return 0
    print(MISSING)
    return 1 if strict() else 0


def _own() -> str | None:
    """The Chromium that ``playwright install`` has put on this machine. Asked in a process of its own, because
    Playwright's loop would stay in this one."""
    ask = "from playwright.sync_api import sync_playwright as p\nwith p() as x: print(x.chromium.executable_path)"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, timeout=60, check=False)
    path = done.stdout.strip()
    return path if path and Path(path).is_file() else None


def _from_debian() -> None:
    apt = shutil.which("apt-get")
    if apt is None or not (_is_root() or _may_sudo()):
        return
    prefix = [] if _is_root() else ["sudo", "-n"]
    settings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _try([*prefix, apt, "update"], settings)
    _try([*prefix, apt, "install", "-y", "--no-install-recommends", "chromium"], settings)


def _from_playwright() -> None:
    _try([sys.executable, "-m", "playwright", "install", "chromium"], dict(os.environ))


def _try(command: list[str], settings: dict[str, str]) -> None:
    print("+", *command, flush=True)
    try:
        subprocess.run(command, env=settings, timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"{command[0]}: {error}")


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _may_sudo() -> bool:
    sudo = shutil.which("sudo")
    return sudo is not None and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
