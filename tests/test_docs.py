"""The documents agree with the code: versions, commands, files and settings that they name are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from components.settings import Settings

ROOT = Path(__file__).parent.parent
GUIDES = ["README.md", "CONTRIBUTING.md", "SECURITY.md"]
NAME = re.compile(r"\b(?:PLAYGROUND|API_IN_ONE)_[A-Z_]*[A-Z]\b")
PATH = re.compile(
    r"(?<![\w/.:@-])(?:(?:components|tests|\.ci)(?:/[\w.*-]+)*/?|[\w-]+/[\w./-]+\.(?:py|md|yaml|html|css|js)"
    r"|(?:app\.py|catalog\.yaml|requirements(?:-dev)?\.txt|pyproject\.toml|Makefile|\.env\.example|[A-Z]{4,}\.md|LICENSE))(?![\w/-])"
)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)|<img[^>]* src=\"(?!https?:)([^\"]+)\"")


def read(name: str) -> str:
    path = ROOT / name
    assert path.is_file(), f"{name} is missing"
    return path.read_text(encoding="utf-8")


def front_matter() -> dict[str, object]:
    """What Hugging Face reads of the README."""
    _, head, _ = read("README.md").split("---\n", 2)
    front_matter_values = yaml.safe_load(head)
    assert isinstance(front_matter_values, dict)
    return front_matter_values


def test_a_space_is_built_with_the_gradio_that_is_pinned() -> None:
    """The same version to the last digit, in both places that name one."""
    pinned = re.findall(r"^gradio==(\S+)", read("requirements.txt"), re.MULTILINE)

    assert [str(front_matter()["sdk_version"])] == pinned
    assert front_matter()["sdk"] == "gradio"


def test_a_space_finds_what_to_start() -> None:
    """Its file, a Python that the code runs on, and colours that there are."""
    space = front_matter()

    assert (ROOT / str(space["app_file"])).is_file()
    wanted = re.search(r'requires-python = ">=(\d+)\.(\d+)"', read("pyproject.toml"))
    assert wanted is not None
    if "python_version" in space:
        assert tuple(map(int, str(space["python_version"]).split(".")[:2])) >= (int(wanted[1]), int(wanted[2]))
    colours = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert {space[name] for name in ("colorFrom", "colorTo") if name in space} <= colours


def test_the_short_description_fits_its_place() -> None:
    """Hugging Face takes sixty characters."""
    space = str(front_matter()["short_description"])

    assert 0 < len(space) <= 60
    assert str(front_matter()["title"])


def test_the_named_licence_exists() -> None:
    """In the front matter as an identifier, beside it as a text."""
    licence = str(front_matter()["license"]).lower()

    assert licence.split("-")[0] in read("LICENSE").lower()


@pytest.mark.parametrize("name", GUIDES)
def test_every_named_make_target_exists(name: str) -> None:
    """Only in code; English makes things too."""
    targets = set(re.findall(r"^([\w./-]+):", read("Makefile"), re.MULTILINE))
    text = read(name)
    code = " ; ".join([*re.findall(r"```.*?```", text, re.DOTALL), *re.findall(r"`([^`\n]+)`", text)])

    named = set(re.findall(r"(?:^|[`;&\n(]|\s)\s*make ((?!PYTHON)[a-z][\w-]*)", code))
    assert named <= targets
    assert named


@pytest.mark.parametrize("name", GUIDES)
def test_every_named_file_exists(name: str) -> None:
    """Paths in the text, and what links and pictures point at."""
    text = re.sub(r"https?://\S+", "", read(name))
    named = {path.rstrip("/.") for path in PATH.findall(text)}
    linked = {one or other for one, other in LINK.findall(text)}

    missing = [path for path in named | linked if not list(ROOT.glob(path)) and not (ROOT / path).exists()]
    assert sorted(missing) == []
    assert named


@pytest.mark.parametrize("name", [*GUIDES, "CHANGELOG.md", ".env.example", "Makefile", ".ci/run"])
def test_every_named_setting_exists(name: str) -> None:
    """A documented variable must be read by the code."""
    known = {str(field.alias) for field in Settings.model_fields.values()}

    assert set(NAME.findall(read(name))) - known == set()


def test_the_readme_tells_every_setting_that_people_set() -> None:
    """All but those that Hugging Face sets, here or in the file that it points to."""
    own = {str(field.alias) for field in Settings.model_fields.values() if not str(field.alias).startswith("SPACE_")}
    text = read("README.md")

    assert ".env.example" in text or not {name for name in own if name not in text}
    assert "API_IN_ONE_KEY" in text


def test_the_changelog_tells_of_the_version_that_this_is() -> None:
    """The newest entry first."""
    version = re.search(r'^version = "(.+)"', read("pyproject.toml"), re.MULTILINE)
    assert version is not None
    headings = re.findall(r"^## \[?(\S+?)\]?(?:\s|$)", read("CHANGELOG.md"), re.MULTILINE)

    assert headings[0] in ("Unreleased", version[1])
