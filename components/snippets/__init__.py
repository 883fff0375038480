"""A request as code: two cURL commands, a shell script, a Python program, a JavaScript module.

``call.py`` holds what the languages share. A language is a function ``write_*(call) -> str`` beside its template,
listed in :data:`LANGUAGES`; ``shell.py`` has both kinds of shell code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from components.catalog.models import Endpoint
from components.catalog.requests import Request
from components.errors import InputError
from components.snippets.call import KEY_NAME, Call
from components.snippets.javascript import write_javascript
from components.snippets.python import write_python
from components.snippets.shell import write_curl, write_script


@dataclass(frozen=True)
class Language:
    """``label`` is the name people read, ``lexer`` names the syntax for highlighting, ``comment`` begins a comment line."""

    label: str
    lexer: str
    comment: str
    write: Callable[[Call], str]


LANGUAGES: Mapping[str, Language] = {
    "curl": Language("cURL", "bash", "#", write_curl),
    "shell": Language("Shell script", "bash", "#", write_script),
    "python": Language("Python", "python", "#", write_python),
    "javascript": Language("JavaScript", "javascript", "//", write_javascript),
}


def write_snippet(
    request: Request, base_url: str, endpoint: Endpoint, language: str = "curl", *, task_id: str | None = None
) -> str:
    """Return the code that makes ``request`` to the service (or sandbox) at ``base_url``.

    ``task_id`` names the task that the second cURL command asks for. Without one it says ``TASK_ID``.

    Raises:
        InputError: there is no such language.
    """
    if language not in LANGUAGES:
        raise InputError("language", f"language: {language!r:.40} is not offered. Allowed: {', '.join(LANGUAGES)}.")
    call = Call(base_url + endpoint.create, base_url + endpoint.status, request.body, task_id)
    return LANGUAGES[language].write(call)


__all__ = ["KEY_NAME", "LANGUAGES", "Language", "write_snippet"]
