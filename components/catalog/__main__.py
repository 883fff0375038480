"""``python -m components.catalog FILE``: check a catalog file; exit 0 if it is valid, else 1 with all faults.

Entries that were checked against their page more than STALE_DAYS ago are named; they are no fault.
"""

from __future__ import annotations

import sys
from datetime import date

from components.catalog.loading import load_catalog
from components.catalog.models import Catalog
from components.errors import CatalogError

STALE_DAYS = 120


def main(arguments: list[str], today: date) -> int:
    """Check the file that is named. Returns the exit status: 0 valid, 1 faults, 2 wrong usage."""
    if len(arguments) != 1:
        print("usage: python -m components.catalog FILE", file=sys.stderr)
        return 2
    try:
        catalog = load_catalog(arguments[0])
    except CatalogError as error:
        print(error, file=sys.stderr)
        return 1
    for warning in _stale(catalog, today):
        print(f"{arguments[0]}: warning: {warning}", file=sys.stderr)
    rules = sum(len(model.price) for model in catalog.models)
    print(f"{arguments[0]}: {len(catalog.models)} models, {rules} price rules, no faults")
    return 0


def _stale(catalog: Catalog, today: date) -> list[str]:
    """A warning for each part of the catalog that has not been compared with its page for STALE_DAYS."""
    checked = [
        ("service", catalog.service.checked_on),
        *((f"model {model.id}", model.checked_on) for model in catalog.models),
    ]
    return [
        f"{name} was last checked on {day}, {(today - day).days} days ago; compare it with its source"
        for name, day in checked
        if day and (today - day).days > STALE_DAYS
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], date.today()))
