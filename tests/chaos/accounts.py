"""The catalog that ships, and the host's account at an upstream whose tasks take milliseconds."""

from __future__ import annotations

from pathlib import Path

from components.api import Account
from components.catalog.loading import load_catalog

CATALOG = load_catalog(Path(__file__).parents[2] / "catalog.yaml")
KEY = "sk-canary-9f8e7d6c5b4a32100123"
PACE = 50.0


def account(base_url: str) -> Account:
    return Account("host", base_url, CATALOG.endpoint.create, CATALOG.endpoint.status, KEY, pace=PACE)
