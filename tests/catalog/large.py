"""A large catalog made of the shipped one: full copies of its entries, YAML anchors and a merge key."""

from __future__ import annotations

import re
from itertools import cycle, islice
from pathlib import Path

SHIPPED = Path(__file__).parents[2] / "catalog.yaml"
ID = re.compile(r"^    aliases: .*\n|(?<=^  - id: )\S+", re.MULTILINE)


def large_catalog(count: int) -> str:
    """Catalog text of ``count`` models: the shipped ones, copies of them, and ``merged``, which is the first by a merge."""
    head, entries = SHIPPED.read_text(encoding="utf-8").split("models:\n", 1)
    first, *others = re.split(r"^(?=  - id: )", entries, flags=re.MULTILINE)[1:]
    copies = [
        ID.sub(lambda match, number=number: "" if "aliases" in match[0] else f"{match[0]}-{number}", entry)
        for number, entry in enumerate(islice(cycle([first, *others]), count - len(others) - 2))
    ]
    anchored = first.replace("  - id:", "  - &first\n    id:", 1)
    return (
        f"{head}models:\n{anchored}{''.join(others)}\n{''.join(copies)}\n  - <<: *first\n    id: merged\n    name: Merged\n"
    )
