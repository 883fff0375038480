"""A request -> a program that makes the very same call: create, poll until the end, save the pictures.

Values are encoded by the language's own rules, never pasted. Addresses come from the catalog's endpoint and
the base address in use, keys and state words from ``api.wire``: a snippet cannot drift from the client.
The API key is always an environment name.

A language is one module with a function ``write(call) -> str``, listed in :data:`LANGUAGES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from components.catalog.models import Endpoint
from components.catalog.requests import Request
from components.errors import InputError
from components.snippets import curl, javascript, python
from components.snippets.call import Call


@dataclass(frozen=True)
class Language:
    """``label`` is what people read, ``editor`` the name of its highlighting, ``file`` a fitting file name.

    ``comment`` begins a line that is not run.
    """

    label: str
    editor: str
    file: str
    comment: str
    write: Callable[[Call], str]


LANGUAGES: Mapping[str, Language] = {
    "curl": Language("cURL", "shell", "generate.sh", "#", curl.write),
    "python": Language("Python", "python", "generate.py", "#", python.write),
    "javascript": Language("JavaScript", "javascript", "generate.mjs", "//", javascript.write),
}


def write_snippet(request: Request, base_url: str, endpoint: Endpoint, language: str = "curl") -> str:
    """The program for a request against the service (or sandbox) at ``base_url``.

    Raises:
        InputError: there is no such language.
    """
    if language not in LANGUAGES:
        raise InputError("language", f"language: {language!r:.40} is not offered. Allowed: {', '.join(LANGUAGES)}.")
    call = Call(base_url + endpoint.create, base_url + endpoint.status, request.body)
    return LANGUAGES[language].write(call)


__all__ = ["LANGUAGES", "Call", "Language", "write_snippet"]
