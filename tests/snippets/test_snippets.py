"""The text of a program: what stands in it and what never does. Running it is in ``test_snippets_run``."""

from __future__ import annotations

import ast
import json
import re
import subprocess

import pytest

from components.api import replies as wire
from components.catalog.models import Catalog, Model
from components.catalog.parameters import Role
from components.catalog.requests import build_request
from components.errors import InputError
from components.snippets import LANGUAGES, write_snippet
from tests.snippets import need

BASE = "https://gateway.example/one"
TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
BREAKING = "\x7f\x80\x85\x9f\u2028\u2029\ufeff"


def snippet(catalog: Catalog, language: str, base: str = BASE, model: str = "recraft-v4", **parameters: object) -> str:
    given = {"prompt": "a fox"} | parameters
    return write_snippet(build_request(catalog, model, given), base, catalog.endpoint, language)


def test_there_are_three_languages_and_curl_is_what_one_gets_unasked(catalog: Catalog) -> None:
    """The endpoint's default is the first tab of the page."""
    assert list(LANGUAGES) == ["curl", "python", "javascript"]
    request = build_request(catalog, "flux-2", {"prompt": "a fox"})

    assert write_snippet(request, BASE, catalog.endpoint) == write_snippet(request, BASE, catalog.endpoint, "curl")


@pytest.mark.parametrize("language", ["cobol", "", "Python", "curl ", "x" * 500, "__class__"])
def test_another_language_is_refused_with_the_ones_there_are(language: str, catalog: Catalog) -> None:
    """In one short sentence, however long the name."""
    with pytest.raises(InputError) as refusal:
        snippet(catalog, language)

    assert refusal.value.field == "language"
    assert all(name in refusal.value.what for name in LANGUAGES)
    assert len(refusal.value.what) < 120


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("base", [BASE, "http://127.0.0.1:7860/sandbox", "https://apiin.one"])
def test_the_base_address_in_use_stands_in_the_program(language: str, base: str, catalog: Catalog) -> None:
    """Both routes begin with it, and no other host is named."""
    text = snippet(catalog, language, base)

    assert base + catalog.endpoint.create in text
    assert base + catalog.endpoint.status.split("{")[0] in text
    assert set(re.findall(r"https?://[\w.:/-]{4,}", text)) <= {
        base + catalog.endpoint.create,
        base + catalog.endpoint.status.split("{")[0],
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_key_is_an_environment_name(language: str, catalog: Catalog) -> None:
    """It is named where people look, and no bearer but the name is written."""
    text = snippet(catalog, language)

    assert "export API_IN_ONE_KEY=" in text
    assert re.findall(r"Bearer (\S{3})", text) in (["$AP"] * 2, ["{ke"], ["${k"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_program_knows_the_keys_and_words_that_the_client_knows(language: str, catalog: Catalog) -> None:
    """A word that is added to the wire is in every program by itself."""
    text = snippet(catalog, language)

    for names, line in (
        (wire.RESULT_KEYS, " ".join(dict.fromkeys(map(wire.same_key, wire.RESULT_KEYS)))),
        (wire.ECHO_KEYS, " ".join(dict.fromkeys(map(wire.same_key, wire.ECHO_KEYS)))),
        (wire.STATE_KEYS, " ".join(dict.fromkeys(map(wire.same_key, wire.STATE_KEYS)))),
    ):
        assert names
        assert line in text
    for words in (wire.RUNNING_WORDS, wire.DONE_WORDS, wire.FAILED_WORDS):
        assert all(f"' {word} '" in text if language == "curl" else " ".join(words) in text for word in words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_reader_sees_is_what_runs(language: str, catalog: Catalog) -> None:
    """Characters that turn the reading direction or break lines are escapes; letters of any script are not."""
    text = snippet(catalog, language, prompt=f"a{TURNING}b{BREAKING}c ünïcödé 狐 🦊 שועל")

    assert [hex(ord(char)) for char in TURNING + BREAKING if char in text] == []
    assert "ünïcödé 狐 🦊 שועל" in text


@pytest.mark.parametrize("model", [pytest.param(n, id=f"model {n + 1}") for n in range(11)])
def test_every_example_is_valid_in_all_languages(model: int, catalog: Catalog) -> None:
    """bash -n, Python's own parser, and a body that is the request's."""
    entry: Model = catalog.models[model]
    request = build_request(catalog, entry.id, entry.example)
    shell, python, script = (write_snippet(request, BASE, catalog.endpoint, language) for language in LANGUAGES)

    checked = subprocess.run(["bash", "-n"], input=shell.encode(), capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")
    assert json.loads(shell.split("<<'JSON' || true\n")[1].split("\nJSON\n")[0]) == request.body
    assigned = next(node for node in ast.parse(python).body if isinstance(node, ast.Assign))
    assert ast.literal_eval(assigned.value) == request.body
    assert json.loads(script.split("const body = ")[1].split(";\n\nconst key")[0]) == request.body
    assert request.body[str(entry.by_role(Role.PROMPT))]


def test_the_script_is_valid_for_node(catalog: Catalog) -> None:
    """As an ES module, which may await at its top."""
    need("javascript")
    text = snippet(catalog, "javascript", prompt="it's `${a}` </script> \\")

    checked = subprocess.run(
        ["node", "--input-type=module", "--check"], input=text.encode(), capture_output=True, check=False
    )

    assert (checked.returncode, checked.stderr) == (0, b"")


def test_only_tools_that_every_machine_has_are_used(catalog: Catalog) -> None:
    """No jq in the shell, nothing to install for Node, httpx alone for Python."""
    shell, python, script = (snippet(catalog, language) for language in LANGUAGES)

    assert "jq" not in shell.split()
    assert re.findall(r'(?:from|import) "(.+?)"', script) == ["node:fs/promises"]
    imported = [name.name for node in ast.walk(ast.parse(python)) if isinstance(node, ast.Import) for name in node.names]
    assert [name for name in imported if name not in ("base64", "json", "os", "re", "time")] == ["httpx"]
