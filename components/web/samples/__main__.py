"""``python -m components.web.samples COMPARISON_ID``: use a comparison's pictures as the samples of the running page.

It asks the page with the host's key, which it reads like the page from the environment or ``.env``. The comparison
itself is made on the page, which says what it costs; choosing its pictures costs nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.error
import urllib.request
from urllib.parse import quote

from components.errors import SettingsError
from components.playground.visits import KEY_HEADER
from components.settings import read_settings
from components.views.links import SAMPLES


def main() -> int:
    """Pin or remove the samples. Returns the exit status: 1 with one clear line where that was not possible."""
    parser = argparse.ArgumentParser(prog="python -m components.web.samples", description=__doc__.splitlines()[0])
    parser.add_argument("comparison", nargs="?", default="", help="the id of a comparison, as its address names it")
    parser.add_argument("--remove", action="store_true", help="show the sandbox's drawings again")
    parser.add_argument("--address", help="where the page runs; unset: this machine")
    given = parser.parse_args()
    if bool(given.comparison) == given.remove:
        parser.error("name a comparison, or --remove")
    try:
        settings = read_settings()
        if not settings.host_key:
            raise SettingsError("API_IN_ONE_KEY: is not set, so the page has no host whose samples it could show.")
        address = given.address or f"http://127.0.0.1:{settings.server_port or 7860}"
        return _ask(address, given.comparison, settings.host_key)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1


def _ask(address: str, comparison_id: str, key: str) -> int:
    path = f"{SAMPLES}/{quote(comparison_id, safe='')}" if comparison_id else SAMPLES
    method, headers = "POST" if comparison_id else "DELETE", {KEY_HEADER: key}
    request = urllib.request.Request(f"{address.rstrip('/')}{path}", b"", headers, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=60):  # noqa: S310  # the operator names the address
            print("The samples have been changed." if comparison_id else "The samples have been removed.")
        return 0
    except urllib.error.HTTPError as error:
        print(_reason(error), file=sys.stderr)
    except OSError as error:
        print(f"The page at {address} does not answer: {error}. Is it running there? See --address.", file=sys.stderr)
    return 1


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read())["detail"])
    except (ValueError, KeyError, TypeError):
        return f"The page answered {error.code}."


if __name__ == "__main__":
    sys.exit(main())
