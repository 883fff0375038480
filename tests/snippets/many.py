"""Run Python programs one after another in one process, each in its folder: ``many.py`` and a JSON list of pairs of paths.

Prints a list of exit status, standard output and standard error as JSON. ``time.sleep`` lasts a fiftieth of what is asked
for; the clock that the programs see has moved on by all of it.
"""

from __future__ import annotations

import functools
import io
import json
import os
import ssl
import sys
import time
import traceback
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

ssl.create_default_context = functools.cache(ssl.create_default_context)  # type: ignore[assignment]
wait, clock, ahead = time.sleep, time.monotonic, 0.0


def sleep(seconds: float) -> None:
    global ahead
    ahead += seconds
    wait(seconds / 50)


def run(source: str, folder: str) -> tuple[int, str, str]:
    """The program's exit status, standard output and standard error."""
    os.chdir(folder)
    out, err, status = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            exec(compile(Path(source).read_text(encoding="utf-8"), source, "exec"), {"__name__": "__main__"})
        except SystemExit as end:
            status = 1
            print(end.code, file=sys.stderr)
        except Exception:  # noqa: BLE001  # the traceback is what the tests look for
            status = 1
            traceback.print_exc()
    return status, out.getvalue(), err.getvalue()


time.sleep = sleep
time.monotonic = lambda: clock() + ahead
print(json.dumps([run(source, folder) for source, folder in json.loads(sys.argv[1])]))
