"""The environment: names and defaults, what is refused and in which words, and the rules of a Space."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from components.errors import SettingsError
from components.settings import Settings, read_settings

ROOT = Path(__file__).parent.parent
KEY = "sk-canary-0123456789abcdef"
NAMES = {str(field.alias): name for name, field in Settings.model_fields.items()}
EXAMPLE = re.compile(r"^# ([A-Z][A-Z0-9_]+)=(.*)$", re.MULTILINE)
EMPTY = {
    "key": None,
    "base_url": None,
    "catalog": Path("catalog.yaml"),
    "data": None,
    "public_url": None,
    "daily_credits": None,
    "visitor_credits": None,
    "job_credits": None,
    "deadline_s": 600.0,
    "sandbox_speed": 1.0,
    "server_name": None,
    "server_port": None,
    "database_url": None,
    "images_url": None,
    "log_prompts": False,
    "space_id": None,
    "space_host": None,
}
GIVEN = {
    "API_IN_ONE_KEY": (KEY, SecretStr(KEY)),
    "API_IN_ONE_BASE_URL": ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    "PLAYGROUND_CATALOG": ("other.yaml", Path("other.yaml")),
    "PLAYGROUND_DATA": ("/data", Path("/data")),
    "PLAYGROUND_DATABASE_URL": ("postgresql://ann:secret@db/playground", SecretStr("postgresql://ann:secret@db/playground")),
    "PLAYGROUND_IMAGES_URL": ("s3://bucket/pictures", SecretStr("s3://bucket/pictures")),
    "PLAYGROUND_LOG_PROMPTS": ("true", True),
    "PLAYGROUND_PUBLIC_URL": ("https://pictures.example", "https://pictures.example"),
    "PLAYGROUND_DAILY_CREDITS": ("500", 500.0),
    "PLAYGROUND_VISITOR_CREDITS": ("0", 0.0),
    "PLAYGROUND_JOB_CREDITS": ("12.5", 12.5),
    "PLAYGROUND_DEADLINE_S": ("30", 30.0),
    "PLAYGROUND_SANDBOX_SPEED": ("50", 50.0),
    "GRADIO_SERVER_NAME": ("0.0.0.0", "0.0.0.0"),
    "GRADIO_SERVER_PORT": ("7861", 7861),
    "SPACE_ID": ("ann/space", "ann/space"),
    "SPACE_HOST": ("ann-space.hf.space", "ann-space.hf.space"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, so that no .env but a test's own is read."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def given(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return read_settings()


def test_without_an_environment_everything_has_its_default() -> None:
    """The product starts with nothing set: a sandbox on this machine."""
    settings = read_settings()

    assert settings.model_dump() == EMPTY
    assert (settings.listen_on, settings.data_folder, settings.public_address) == ("127.0.0.1", Path("data"), "")
    assert (settings.host_key, settings.key_withheld, settings.on_space) == (None, False, False)


def test_every_setting_is_tried_below() -> None:
    """A new setting is a new row of the table."""
    assert set(GIVEN) == set(NAMES)
    assert set(EMPTY) == set(Settings.model_fields)


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("source", ["environment", "file"])
def test_a_setting_is_read_by_its_name(name: str, source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the environment or from .env, and nothing else changes."""
    text, value = GIVEN[name]
    if source == "file":
        (folder / ".env").write_text(f"{name}={text}\nSOMETHING_ELSE=1\n")
    else:
        monkeypatch.setenv(name, text)

    assert read_settings().model_dump() == EMPTY | {NAMES[name]: value}


def test_the_environment_wins_over_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As everywhere."""
    (folder / ".env").write_text("PLAYGROUND_DEADLINE_S=1\n")

    assert given(monkeypatch, PLAYGROUND_DEADLINE_S="2").deadline_s == 2


@pytest.mark.parametrize("name", GIVEN)
def test_an_empty_text_is_unset(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line such as NAME= in a compose file sets nothing."""
    assert given(monkeypatch, **{name: ""}).model_dump() == EMPTY


@pytest.mark.parametrize("name", ["KEY", "DATA", "CATALOG", "BASE_URL", "DEADLINE_S"])
def test_no_other_name_is_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of fields are not names of variables: KEY may be anybody's."""
    assert given(monkeypatch, **{name: "12345"}).model_dump() == EMPTY


BAD = [
    ("API_IN_ONE_BASE_URL", "apiin.one"),
    ("API_IN_ONE_BASE_URL", "https://a b"),
    ("PLAYGROUND_PUBLIC_URL", "ftp://secret-host"),
    *((f"PLAYGROUND_{name}_CREDITS", value) for name in ("DAILY", "VISITOR", "JOB") for value in ("-1", "many", "nan")),
    *((name, value) for name in ("PLAYGROUND_DEADLINE_S", "PLAYGROUND_SANDBOX_SPEED") for value in ("0", "-1", "x", "nan")),
    ("GRADIO_SERVER_PORT", "65536"),
    ("GRADIO_SERVER_PORT", "-1"),
    ("GRADIO_SERVER_PORT", "http"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_is_told_by_the_variables_name(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names it, shows no value, and the key that is set beside it is not there either."""
    with pytest.raises(SettingsError) as refusal:
        given(monkeypatch, API_IN_ONE_KEY=KEY, **{name: value})

    told = f"{refusal.value} {refusal.value.problem!r} {refusal.value.__cause__!r}"
    assert name in told
    assert KEY not in told
    assert len(value) < 3 or value.replace("nan", "not a nan") not in told


def test_all_bad_values_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One start shows them all."""
    with pytest.raises(SettingsError, match=r"PLAYGROUND_DAILY_CREDITS.*GRADIO_SERVER_PORT"):
        given(monkeypatch, GRADIO_SERVER_PORT="x", PLAYGROUND_DAILY_CREDITS="x")


def test_a_file_that_is_no_text_is_told_without_its_content(folder: Path) -> None:
    """A key saved in another encoding must not end in a traceback of bytes."""
    (folder / ".env").write_bytes(b"API_IN_ONE_KEY=caf\xe9\n")

    with pytest.raises(SettingsError) as refusal:
        read_settings()

    assert ".env" in str(refusal.value)
    assert "caf" not in str(refusal.value)


def test_the_key_is_in_no_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only whoever asks for the host's key gets it, without blanks around it."""
    settings = given(monkeypatch, API_IN_ONE_KEY=f" {KEY}\n")

    assert settings.host_key == KEY
    assert KEY not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    ("environment", "key", "withheld"),
    [
        ({"API_IN_ONE_KEY": KEY}, KEY, False),
        ({"API_IN_ONE_KEY": KEY, "SPACE_ID": "a/b"}, None, True),
        ({"API_IN_ONE_KEY": KEY, "SPACE_ID": "a/b", "PLAYGROUND_VISITOR_CREDITS": "5"}, None, True),
        ({"API_IN_ONE_KEY": KEY, "SPACE_ID": "a/b", "PLAYGROUND_DAILY_CREDITS": "50"}, KEY, False),
        ({"API_IN_ONE_KEY": KEY, "SPACE_ID": "a/b", "PLAYGROUND_DAILY_CREDITS": "0"}, KEY, False),
        ({"SPACE_ID": "a/b"}, None, False),
        ({"SPACE_ID": "a/b", "API_IN_ONE_KEY": "  "}, None, False),
    ],
)
def test_on_a_space_the_hosts_key_needs_a_daily_cap(
    environment: dict[str, str], key: str | None, withheld: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Strangers would spend it; the page can say that it is withheld."""
    settings = given(monkeypatch, **environment)

    assert (settings.host_key, settings.key_withheld) == (key, withheld)


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({"PLAYGROUND_PUBLIC_URL": "https://a.example/"}, "https://a.example"),
        ({"PLAYGROUND_PUBLIC_URL": "https://a.example/x//"}, "https://a.example/x"),
        ({"SPACE_HOST": "ann-space.hf.space"}, "https://ann-space.hf.space"),
        ({"SPACE_HOST": " ann-space.hf.space , own.example"}, "https://ann-space.hf.space"),
        ({"SPACE_HOST": "ann-space.hf.space", "PLAYGROUND_PUBLIC_URL": "http://own.example"}, "http://own.example"),
    ],
)
def test_the_public_address_has_no_slash_at_its_end(
    environment: dict[str, str], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given, or the first of the Space's hosts."""
    assert given(monkeypatch, **environment).public_address == address


def test_on_a_space_everybody_may_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Space is a container; an address that is given wins there too."""
    assert given(monkeypatch, SPACE_ID="a/b").listen_on == "0.0.0.0"
    assert given(monkeypatch, GRADIO_SERVER_NAME="127.0.0.2").listen_on == "127.0.0.2"


def test_the_example_file_lists_every_setting_with_its_default() -> None:
    """Both ways, but for what Hugging Face sets; each line is commented out and has a line that explains it."""
    text = (ROOT / ".env.example").read_text()
    shown = dict(EXAMPLE.findall(text))
    own = {name: field for name, field in NAMES.items() if not name.startswith("SPACE_")}

    assert set(shown) == set(own)
    defaults = {name: EMPTY[field] for name, field in own.items() if EMPTY[field] is not None}
    assert {name: value for name, value in shown.items() if value} == {
        name: f"{value:g}" if value == 600 else str(value) for name, value in defaults.items()
    } | {"PLAYGROUND_DATA": str(read_settings().data_folder)}
    assert all(name in text for name in ("SPACE_ID", "SPACE_HOST"))
    lines = text.splitlines()
    assert all(line.startswith("# ") or not line for line in lines)
    assert all(lines[at - 1].startswith("# ") for at, line in enumerate(lines) if EXAMPLE.match(line))
