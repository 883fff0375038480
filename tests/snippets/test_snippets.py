"""The text of a snippet. What it does when it runs is in ``test_snippets_run`` and ``test_snippets_paste``."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.catalog.requests import Request, build_request
from components.errors import InputError
from components.snippets import LANGUAGES, write_snippet
from tests.snippets.prompts import HOSTILE
from tests.tools import require_tool

BASE = "https://gateway.example/one"
MOST_LINES = {"curl": 20, "shell": 35, "python": 45, "javascript": 45}
GOLDEN = Path(__file__).parent / "golden"
EXTENSIONS = {"curl": "curl.sh", "shell": "shell.sh", "python": "python.txt", "javascript": "javascript.mjs"}
PROMPTS = {
    "fox": 'A fox in the snow,\nprinted as a woodcut. It says "It\'s cold!"',
    "hostile": "".join(text for text in HOSTILE.values() if len(text) < 1000),
}


def snippet(catalog: Catalog, language: str, model: str = "flux-2", task_id: str | None = None, **given: object) -> str:
    request = build_request(catalog, model, {"prompt": "a fox"} | given)
    return write_snippet(request, BASE, catalog.endpoint, language, task_id=task_id)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PROMPTS)
def test_the_snippets_are_the_golden_ones(name: str, language: str, catalog: Catalog, pytestconfig: pytest.Config) -> None:
    """``pytest tests/snippets --rewrite-golden`` writes them, to be read in the diff."""
    file = GOLDEN / f"{name}.{EXTENSIONS[language]}"
    text = snippet(catalog, language, prompt=PROMPTS[name], task_id="n41xxxx_flux2" if name == "fox" else None)

    if pytestconfig.getoption("--rewrite-golden", False):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_there_are_four_languages_and_curl_is_the_default(catalog: Catalog) -> None:
    assert [(name, language.label) for name, language in LANGUAGES.items()] == [
        ("curl", "cURL"),
        ("shell", "Shell script"),
        ("python", "Python"),
        ("javascript", "JavaScript"),
    ]
    request = build_request(catalog, "flux-2", {"prompt": "a fox"})
    assert write_snippet(request, BASE, catalog.endpoint) == write_snippet(request, BASE, catalog.endpoint, "curl")


@pytest.mark.parametrize("language", ["cobol", "", "Python", "curl ", "x" * 500, "__class__"])
def test_an_unknown_language_is_refused_with_the_list_of_languages(language: str, catalog: Catalog) -> None:
    with pytest.raises(InputError) as refusal:
        snippet(catalog, language)

    assert refusal.value.field == "language"
    assert all(name in refusal.value.what for name in LANGUAGES)
    assert len(refusal.value.what) < 120


def test_no_snippet_is_longer_than_its_limit(catalog: Catalog) -> None:
    """Every model with everything it takes and a prompt of 40 lines; and a body of 60 fields."""
    bodies = [build_request(catalog, model.id, model.example).body for model in catalog.models]
    bodies += [body | {"prompt": "a line\n" * 40} for body in bodies]
    bodies += [{"model": "m", **{f"field_{number}": ["https://a.example/b.png"] * 9 for number in range(60)}}]

    for body in bodies:
        for language, most in MOST_LINES.items():
            assert len(written(catalog, body, language).splitlines()) <= most, (language, body)


@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_are_short_and_the_body_has_several_lines(language: str, catalog: Catalog) -> None:
    """But for a prompt that is longer than a line."""
    for model in catalog.models:
        assert [line for line in snippet(catalog, language, model.id).splitlines() if len(line) > 121] == []
    prompt = "a fox " * 15
    lines = [
        line
        for line in snippet(catalog, language, prompt=prompt).splitlines()
        if re.search(r'"(model|prompt|\w+_ratio)":', line)
    ]
    assert len(lines) == 3


def written(catalog: Catalog, body: dict[str, Any], language: str) -> str:
    request = build_request(catalog, "flux-2", {"prompt": "a fox"})
    return write_snippet(Request(request.model, body), BASE, catalog.endpoint, language)


@pytest.mark.parametrize(
    ("task_id", "shown"), [("n42xxxx_gptimg", "n42xxxx_gptimg"), (None, "TASK_ID"), ("a/b'c", "a%2Fb%27c")]
)
def test_the_second_curl_command_stands_last_and_asks_for_the_task(
    task_id: str | None, shown: str, catalog: Catalog
) -> None:
    first, second = re.split("^(?=curl )", snippet(catalog, "curl", task_id=task_id), flags=re.MULTILINE)[1:]

    assert first.startswith(f"curl {BASE}{catalog.endpoint.create} \\\n")
    assert second.startswith(f"curl {BASE}/api/v1/tasks/{shown} \\\n")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_key_is_an_environment_name_and_only_the_base_address_is_called(language: str, catalog: Catalog) -> None:
    text = snippet(catalog, language)

    assert "API_IN_ONE_KEY" in text
    assert set(re.findall(r"Bearer (\S{3})", text)) in ({"$AP"}, {"{ke"}, {"${k"})
    addresses = set(re.findall(r"https?://[\w.:/-]{4,}", text))
    assert {address.removesuffix("TASK_ID") for address in addresses} == {
        BASE + catalog.endpoint.create,
        BASE + "/api/v1/tasks/",
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_invisible_characters_are_escapes_and_letters_of_any_script_are_not(language: str, catalog: Catalog) -> None:
    turning = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    breaking = "\x00\x1b\x7f\x80\x85\x9f\u2028\u2029\ufeff\ue000\uf8ff"
    text = snippet(catalog, language, prompt=f"a{turning}b{breaking}c ünïcödé 狐 🦊 שועל")

    assert [hex(ord(char)) for char in turning + breaking if char in text] == []
    assert "ünïcödé 狐 🦊 שועל" in text


def test_half_a_character_makes_no_request_and_so_no_snippet(catalog: Catalog) -> None:
    with pytest.raises(InputError, match="prompt"):
        snippet(catalog, "curl", prompt="a \ud800 fox")


@pytest.mark.parametrize("indented", [True, False], ids=["a line a field", "one line"])
def test_the_body_is_the_request_in_every_language(indented: bool, catalog: Catalog) -> None:
    require_tool("node")
    body = {
        "model": "m",
        "prompt": PROMPTS["hostile"],
        "on": True,
        "off": False,
        "none": None,
        "size": 1.5,
        "urls": ["a", "b'"],
    }
    if not indented:
        body |= {f"field {number}": number for number in range(20)}
    curl, shell, python, script = (written(catalog, body, language) for language in LANGUAGES)

    for text, variable in (
        (curl.split(" -d ")[1].split("\n\ncurl")[0], "'"),
        (shell.split("\nbody=")[1].split("\next=")[0], "'"),
    ):
        assert text[0] == text[-1] == variable
        shown = subprocess.run(["bash", "-c", f"printf %s {text}"], capture_output=True, check=True).stdout
        assert json.loads(shown) == body
    assigned = next(node for node in ast.parse(python).body if isinstance(node, ast.Assign))
    assert ast.literal_eval(assigned.value) == body
    assert json.loads(script.split("const body = ")[1].split(";\nlet ")[0]) == body
