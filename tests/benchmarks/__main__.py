"""``python -m tests.benchmarks [name ...]``: print the reports of all benchmarks, or of the named ones."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
import traceback
from importlib import import_module

NAMES = (
    "http_clients",
    "polling",
    "inflight",
    "stores",
    "startup",
    "opening",
    "visitors",
    "history",
    "evaluation",
    "evaluation_jobs",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join(NAMES)}; none: all of them")
    names = parser.parse_args().names or list(NAMES)
    if unknown := [name for name in names if name not in NAMES]:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"# Benchmarks: Python {platform.python_version()}, {cores} cores, load {os.getloadavg()[0]:.1f} at the start\n")
    begun = time.monotonic()
    for name in names:
        since = time.monotonic()
        try:
            for part in import_module(f"tests.benchmarks.{name}").report():
                print(part, flush=True)
        except Exception:  # noqa: BLE001  # whatever it is, it is printed
            # The other figures are still worth having; a report that broke says so where it would stand.
            print(f"## {name}: broken\n\n```\n{traceback.format_exc()}```\n", flush=True)
        print(f"({name}: {time.monotonic() - since:.0f} s)\n", flush=True)
    print(f"All in {time.monotonic() - begun:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
