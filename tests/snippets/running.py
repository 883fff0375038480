"""Run snippets: a program in an empty folder, or code pasted into the terminal of an interactive shell."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.recorder import KEY
from tests.tools import require_tool

# name: (language, tools it needs, command)
RUNNERS = {
    "shell in bash": ("shell", ("bash", "curl", "jq"), ["bash"]),
    "shell in zsh": ("shell", ("zsh", "curl", "jq"), ["zsh", "-f"]),
    "shell in ash": ("shell", ("busybox", "curl", "jq"), ["busybox", "ash"]),
    "python": ("python", (), [sys.executable]),
    "javascript": ("javascript", ("node",), ["node"]),
}
TERMINALS = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}
# language: what runs many of its programs in one process
MANY = {"python": Path(__file__).with_name("many.py"), "javascript": Path(__file__).with_name("many.mjs")}
LONGEST_S = 90  # only so that a program which never ends is a failure


@dataclass(frozen=True)
class Runner:
    """One way to run programs of a language."""

    language: str
    command: Sequence[str]

    @classmethod
    def named(cls, name: str) -> Runner:
        """The runner of that name; skips or fails the test where a tool is missing."""
        language, tools, command = RUNNERS[name]
        for tool in tools:
            require_tool(tool)
        return cls(language, command)

    def run(self, program: str, **changes: str | None) -> Ran:
        """Run a program with PATH and the key in its environment, and the changes to it; None removes a name."""
        environment = {"PATH": os.environ["PATH"], "API_IN_ONE_KEY": KEY} | changes
        with tempfile.TemporaryDirectory() as name:
            folder, source = Path(name, "work"), Path(name, "generate.mjs")
            folder.mkdir()
            source.write_text(program, encoding="utf-8")
            try:
                done = subprocess.run(
                    [*self.command, str(source)],
                    cwd=folder,
                    env={name: value for name, value in environment.items() if value is not None},
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=LONGEST_S,
                    check=False,
                )
            except subprocess.TimeoutExpired as late:
                return Ran(-1, "", f"has not ended after {late.timeout} s", {})
            files = {path.name: path.read_bytes() for path in folder.iterdir()}
        return Ran(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"), files)

    def run_all(self, programs: Sequence[str]) -> list[Ran]:
        """Run many programs: in one process where the language can, which costs a fifth; else side by side, because each
        spends most of its time waiting for its task."""
        if self.language not in MANY:
            with ThreadPoolExecutor(8) as pool:
                return list(pool.map(self.run, programs))
        with tempfile.TemporaryDirectory() as name:
            folders = [Path(name, str(number)) for number in range(len(programs))]
            for folder, program in zip(folders, programs, strict=True):
                folder.mkdir()
                folder.with_suffix(".mjs").write_text(program, encoding="utf-8")
            pairs = json.dumps([(str(folder.with_suffix(".mjs")), str(folder)) for folder in folders])
            done = subprocess.run(
                [*self.command, str(MANY[self.language]), pairs],
                env={"PATH": os.environ["PATH"], "API_IN_ONE_KEY": KEY},
                capture_output=True,
                timeout=LONGEST_S * 4,
                check=False,
            )
            assert done.returncode == 0, done.stderr.decode()
            return [
                Ran(status, out, err, {path.name: path.read_bytes() for path in folder.iterdir()})
                for (status, out, err), folder in zip(json.loads(done.stdout), folders, strict=True)
            ]


@dataclass(frozen=True)
class Ran:
    """The outcome of a program: its exit status, what it printed, and the files it left."""

    status: int
    out: str
    err: str
    files: Mapping[str, bytes]


class Terminal:
    """An interactive shell on a pseudo-terminal."""

    def __init__(self, shell: str, folder: Path) -> None:
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            settings = {"TERM": "xterm", "HOME": str(folder), "LC_ALL": "C.UTF-8", "PS1": "READY ", "API_IN_ONE_KEY": KEY}
            os.execvpe(TERMINALS[shell][0], TERMINALS[shell], {"PATH": os.environ["PATH"], **settings})
        self._read_until(r"READY ")

    def paste(self, text: str) -> str:
        """Paste a text as terminals do, press Enter, and return the output once everything in it has run."""
        pasted = b"\x1b[200~" + text.rstrip("\n").encode() + b"\x1b[201~\r"
        for start in range(0, len(pasted), 512):  # a terminal holds 4,096 bytes until the shell reads them
            os.write(self._fd, pasted[start : start + 512])
            time.sleep(0.002)
        os.write(self._fd, b"echo EN''DED $?\r")
        return self._read_until(r"ENDED \d+\s.*READY ")

    def close(self) -> None:
        """End the shell."""
        os.close(self._fd)
        os.waitpid(self._pid, 0)

    def _read_until(self, pattern: str) -> str:
        output = ""
        end = time.monotonic() + LONGEST_S
        while not re.search(pattern, output, re.DOTALL):
            assert time.monotonic() < end, output
            if select.select([self._fd], [], [], 0.1)[0]:
                output += os.read(self._fd, 65_536).decode(errors="replace")
        return output


@contextmanager
def terminal(shell: str) -> Iterator[Terminal]:
    """A shell in an empty folder."""
    require_tool(shell)
    with tempfile.TemporaryDirectory() as folder:
        opened = Terminal(shell, Path(folder))
        try:
            yield opened
        finally:
            opened.close()
