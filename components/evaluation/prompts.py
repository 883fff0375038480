r"""Prompt sets: the prompts of an evaluation, from text or from the set that ships (files: ``prompt_files``).

In text, each line is a prompt, and empty lines are skipped. A prompt of several lines stands between lines of three
double quotes, as in Python:

    A red kite over a beach
    A {watercolour|pencil} drawing of a {cat|dog}
    \"\"\"
    A poster that says
    "Sale"
    \"\"\"

``{a|b}`` stands for one prompt with each alternative, and several of them for every combination. Braces without a bar
are ordinary characters, and so are ``\{``, ``\|``, ``\}`` and ``\\`` (one character each). Braces within braces are an error.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from itertools import product
from pathlib import Path

from components.errors import InputError

MOST_PROMPTS = 2_000
MOST_CHARACTERS = 20_000  # of one prompt; the longest that a model takes is well below
LONGEST_TEXT = 2_000_000
SHIPPED = Path(__file__).with_name("prompt_set.jsonl")
FENCE = '"""'
NEXT_STEP = "Correct this line and read the prompts again."
PART = re.compile(r"\\[\\{|}]|[{|}]|[^\\{|}]+|\\", re.S)


@dataclass(frozen=True)
class Prompt:
    """One prompt. ``images`` are addresses of reference images; ``expected_text`` should be readable in the picture ("": none)."""

    text: str
    category: str = ""
    images: tuple[str, ...] = ()
    expected_text: str = ""

    @property
    def id(self) -> str:
        """The same for the same prompt in any set and order."""
        return hashlib.sha256(json.dumps(astuple(self)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class PromptSet:
    """Different prompts in their order. ``notices`` say what was assumed or left out in reading them."""

    prompts: tuple[Prompt, ...]
    notices: tuple[str, ...] = ()


def read_text(text: str) -> PromptSet:
    """The prompts of a text, expanded. Raises InputError with the line that is wrong, or if there is no prompt."""
    if len(text) > LONGEST_TEXT:
        raise InputError("prompts", f"prompts: the text has {len(text):,} characters. At most {LONGEST_TEXT:,}.")
    return collect_prompts((line, Prompt(part)) for line, written in _split(text) for part in expand(written, line))


def expand(text: str, line: int = 1) -> list[str]:
    """Every combination of the alternatives in a prompt. ``line`` is named in the InputError that is raised."""
    parts = list(_parts(text, line))
    count = math.prod(len(alternatives) for alternatives in parts)
    if count > MOST_PROMPTS:
        raise line_error(line, f"stands for {count:,} prompts. At most {MOST_PROMPTS:,}.")
    return ["".join(chosen).strip() for chosen in product(*parts)]


def collect_prompts(prompts: Iterable[tuple[int, Prompt]], notices: Iterable[str] = ()) -> PromptSet:
    """A set of prompts with their lines. A prompt that is there already is left out, with a notice.

    Reads no further than the limit. Raises InputError if a prompt is empty or too long, or there are too many or none.
    """
    different: dict[Prompt, None] = {}
    repeated: list[int] = []
    for number, (line, prompt) in enumerate(prompts, 1):
        if number > MOST_PROMPTS:
            raise line_error(line, f"is one too many: an evaluation has at most {MOST_PROMPTS:,} prompts.")
        if not prompt.text.strip():
            raise line_error(line, "has an empty prompt.")
        if len(prompt.text) > MOST_CHARACTERS:
            raise line_error(line, f"has a prompt of {len(prompt.text):,} characters. At most {MOST_CHARACTERS:,}.")
        if prompt in different:
            repeated.append(line)
        different[prompt] = None
    if not different:
        raise InputError("prompts", "prompts: there is no prompt.", next_step="Write at least one prompt.")
    left_out = [_repeated_notice(repeated)] if repeated else []
    return PromptSet(tuple(different), (*notices, *left_out))


def line_error(line: int, what: str) -> InputError:
    """An error of one line of a text or file, counted from 1."""
    return InputError("prompts", f"prompts: line {line:,} {what}", next_step=NEXT_STEP)


def _repeated_notice(lines: list[int]) -> str:
    shown = ", ".join(f"{line:,}" for line in lines[:5]) + (", …" if len(lines) > 5 else "")
    if len(lines) == 1:
        return f"1 repeated prompt was left out (line {shown})."
    return f"{len(lines):,} repeated prompts were left out (lines {shown})."


def _split(text: str) -> Iterator[tuple[int, str]]:
    """Each prompt as it is written, with the number of its first line."""
    fenced: list[str] | None = None
    start = 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() == FENCE:
            if fenced is not None:
                yield start, "\n".join(fenced)
            fenced, start = ([], number) if fenced is None else (None, 0)
        elif fenced is not None:
            fenced.append(line)
        elif line.strip():
            yield number, line.strip()
    if fenced is not None:
        raise line_error(start, f"opens a prompt of several lines with {FENCE}, and no later line closes it.")


def _parts(text: str, line: int) -> Iterator[list[str]]:
    """The text as a sequence of alternatives; ordinary text is one alternative."""
    braces: list[str] | None = None  # the alternatives so far, inside braces
    for part in PART.findall(text):
        plain = part[1:] if len(part) == 2 and part[0] == "\\" else part
        if part == "{":
            if braces is not None:
                raise line_error(line, r"has braces within braces. Write \{ for a brace that is part of the prompt.")
            braces = [""]
        elif part == "}" and braces is not None:
            yield braces if len(braces) > 1 else ["{" + braces[0] + "}"]
            braces = None
        elif part == "}":
            raise line_error(line, r"closes a brace that was not opened. Write \} for a brace that is part of the prompt.")
        elif part == "|" and braces is not None:
            braces.append("")
        elif braces is not None:
            braces[-1] += plain
        else:
            yield [plain]
    if braces is not None:
        raise line_error(line, r"opens a brace and does not close it. Write \{ for a brace that is part of the prompt.")
