"""How fast and how light the product is, in figures that one run compares with each other.

``make bench`` runs every module here, or ``python -m tests.benchmarks polling stores`` the named ones. Each
has a ``report()`` that yields Markdown. Times of one machine say little about another, so what matters is
printed as a ratio to something measured in the same run: the mathematical optimum, a plain script, a bare
page. Everything is on loopback or on a simulated clock, and nothing here fails because of a slow machine.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
LONGEST_CHILD_S = 120


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; numbers stand as they are given."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def target(what: str, figure: float, most: float, unit: str = "") -> str:
    """One line that says whether a figure is at most what it should be."""
    verdict = "met" if figure <= most else "MISSED"
    return f"- {verdict}: {what}: {figure:.3g}{unit}, at most {most:g}{unit} is asked for"


def share(values: Sequence[float], part: float) -> float:
    """The value that this part of them does not exceed; nan where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")


def own_cpu() -> float:
    """Seconds of processor time of this process and its threads so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def environment(**changes: str) -> dict[str, str]:
    """What a process of ours is given: no setting of this machine, this folder to import from."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**inherited, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "GRADIO_ANALYTICS_ENABLED": "False", **changes}


@contextmanager
def started(*arguments: str, cwd: Path = ROOT, quiet: bool = False, **changes: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process in a group of its own, whose output is read here; it is ended by its id."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment(**changes),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if quiet else None,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[Any], patience_s: float = 5.0) -> None:
    """Ask a process to end and wait; one that does not is killed with its group, which is only its own."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()


def measured(*arguments: str, within_s: float = LONGEST_CHILD_S) -> dict[str, Any]:
    """Run ``python -m <arguments>`` to its end and read the JSON object that is its last line of output.

    A process that breaks or takes too long is one without figures: ``{"broken": why}``.
    """
    command = [sys.executable, "-m", *arguments]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=within_s, start_new_session=True
        )
    except subprocess.TimeoutExpired:
        return {"broken": f"not done after {within_s:g} s"}
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        return {"broken": (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]}
    result: dict[str, Any] = json.loads(lines[-1])
    return result


def line_of(process: subprocess.Popen[str]) -> str:
    """The next line that a process prints: how a server tells its address."""
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        raise RuntimeError(f"the process ended with status {process.wait()} before it said anything")
    return line


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
