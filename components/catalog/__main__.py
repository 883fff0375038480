"""``python -m components.catalog FILE``: check a catalog file; exit 0 if it is valid, else 1 with all faults."""

from __future__ import annotations

import sys

from components.catalog.loading import load_catalog
from components.errors import CatalogError


def main(arguments: list[str]) -> int:
    """Check the file that is named. Returns the exit status: 0 valid, 1 faults, 2 wrong usage."""
    if len(arguments) != 1:
        print("usage: python -m components.catalog FILE", file=sys.stderr)
        return 2
    try:
        catalog = load_catalog(arguments[0])
    except CatalogError as error:
        print(error, file=sys.stderr)
        return 1
    rules = sum(len(model.price) for model in catalog.models)
    print(f"{arguments[0]}: {len(catalog.models)} models, {rules} price rules, no faults")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
