"""The environment: names and defaults, what is refused and in which words, and the rules of a Space."""

from __future__ import annotations

import os
import re
from pathlib import Path

import certifi
import pytest
from pydantic import SecretStr

from components.errors import SettingsError
from components.settings import Settings, read_settings

ROOT = Path(__file__).parent.parent
KEY = "sk-canary-0123456789abcdef"
DIRECT = {"all://localhost": None, "all://127.0.0.0/8": None, "all://[::1]": None}
CERTIFICATES = Path(certifi.where())
NAMES = {str(field.alias): name for name, field in Settings.model_fields.items()}
EXAMPLE = re.compile(r"^# ([A-Z][A-Z0-9_]+)=(.*)$", re.MULTILINE)
EMPTY = {
    "key": None,
    "base_url": None,
    "catalog": ROOT / "catalog.yaml",
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
    "images_gb": 4.0,
    "log_prompts": False,
    "space_id": None,
    "space_host": None,
    "http_proxy": None,
    "https_proxy": None,
    "all_proxy": None,
    "no_proxy": "",
    "certificates": None,
}
GIVEN = {
    "API_IN_ONE_KEY": (KEY, SecretStr(KEY)),
    "API_IN_ONE_BASE_URL": ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    "PLAYGROUND_CATALOG": ("other.yaml", Path("other.yaml")),
    "PLAYGROUND_DATA": ("/data", Path("/data")),
    "PLAYGROUND_DATABASE_URL": ("postgresql://ann:secret@db/playground", SecretStr("postgresql://ann:secret@db/playground")),
    "PLAYGROUND_IMAGES_URL": ("s3://bucket/pictures", SecretStr("s3://bucket/pictures")),
    "PLAYGROUND_IMAGES_GB": ("0.5", 0.5),
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
    "HTTP_PROXY": ("http://proxy.example:3128", SecretStr("http://proxy.example:3128")),
    "HTTPS_PROXY": ("proxy.example:3128", SecretStr("http://proxy.example:3128")),
    "ALL_PROXY": ("https://ann:secret@proxy.example/", SecretStr("https://ann:secret@proxy.example/")),
    "NO_PROXY": (".example.com, 10.0.0.0/8", ".example.com, 10.0.0.0/8"),
    "SSL_CERT_FILE": (str(CERTIFICATES), CERTIFICATES),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, so that no .env but a test's own is read, and no proxy of this machine."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.upper() in NAMES]:
        monkeypatch.delenv(name)
    return tmp_path


def given(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return read_settings(Path())


def test_without_an_environment_everything_has_its_default() -> None:
    """The product starts with nothing set: a sandbox on this machine."""
    settings = read_settings(Path())

    assert settings.model_dump() == EMPTY
    assert (settings.listen_on, settings.data_folder, settings.public_address) == ("127.0.0.1", ROOT / "data", "")
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

    assert read_settings(Path()).model_dump() == EMPTY | {NAMES[name]: value}


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
    ("API_IN_ONE_BASE_URL", "https://apiin.one/api/v1?version=2"),
    ("API_IN_ONE_BASE_URL", "https://apiin.one/#start"),
    ("API_IN_ONE_KEY", "aio_secret****"),
    ("API_IN_ONE_KEY", "two secret words"),
    ("PLAYGROUND_DATA", "~nobody-of-this-name/data"),
    ("HTTP_PROXY", "socks4://secret-host"),
    ("HTTPS_PROXY", "ftp://secret-host:21"),
    ("HTTPS_PROXY", "http://secret host"),
    ("ALL_PROXY", "socks://secret-host:1080"),
    ("NO_PROXY", "example.com,[::1]"),
    ("NO_PROXY", "fd00::/8"),
    ("NO_PROXY", "http://secret-host"),
    ("SSL_CERT_FILE", "/gone.pem"),
    ("PLAYGROUND_PUBLIC_URL", "ftp://secret-host"),
    *((f"PLAYGROUND_{name}_CREDITS", value) for name in ("DAILY", "VISITOR", "JOB") for value in ("-1", "many", "nan")),
    *(
        (name, value)
        for name in ("PLAYGROUND_DEADLINE_S", "PLAYGROUND_SANDBOX_SPEED")
        for value in ("0", "-1", "x", "nan", "inf")
    ),
    *(("PLAYGROUND_IMAGES_GB", value) for value in ("0", "-1", "nan", "much")),
    ("GRADIO_SERVER_PORT", "65536"),
    ("GRADIO_SERVER_PORT", "-1"),
    ("GRADIO_SERVER_PORT", "http"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_an_invalid_value_is_reported_with_its_variable(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names it, shows no value, and the key that is set beside it is not there either."""
    with pytest.raises(SettingsError) as refusal:
        given(monkeypatch, **{"API_IN_ONE_KEY": KEY, name: value})

    message = f"{refusal.value} {refusal.value.problem!r} {refusal.value.__cause__!r}"
    assert name in message
    assert KEY not in message
    assert "secret" not in message
    assert len(message.splitlines()) == 1
    assert len(value) < 4 or value not in message


def test_all_invalid_values_are_reported_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """One start shows them all."""
    with pytest.raises(SettingsError, match=r"PLAYGROUND_DAILY_CREDITS.*GRADIO_SERVER_PORT"):
        given(monkeypatch, GRADIO_SERVER_PORT="x", PLAYGROUND_DAILY_CREDITS="x")


def test_a_misspelt_variable_is_reported_with_the_nearest_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment and in .env; a cap that is silently none would cost money. Other programs' names are ignored."""
    (folder / ".env").write_text("playground_deadline=1\nPLAYGROUND_JOB_CREDITS=1\nGRADIO_THEME=x\n")
    with pytest.raises(SettingsError) as refusal:
        given(monkeypatch, PLAYGROUND_DAILY_CREDIT="50", PLAYGROUND_VISITOR_CREDITS="x", API_IN_ONE_ORGANISATION="x")

    for named in ("PLAYGROUND_DAILY_CREDIT: no setting", "PLAYGROUND_DAILY_CREDITS;", "playground_deadline: no setting"):
        assert named in str(refusal.value)
    assert "PLAYGROUND_DEADLINE_S" in str(refusal.value)
    assert "PLAYGROUND_VISITOR_CREDITS: input" in str(refusal.value)
    assert "ORGANISATION" not in str(refusal.value)


def test_quotes_that_a_tool_passes_on_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(
        monkeypatch,
        API_IN_ONE_KEY=f'"Bearer {KEY}"',
        API_IN_ONE_BASE_URL=' "HTTPS://gateway.example/one/" ',
        PLAYGROUND_DAILY_CREDITS="'50'",
        PLAYGROUND_DEADLINE_S='""',
    )

    assert (settings.host_key, settings.base_url) == (KEY, "HTTPS://gateway.example/one/")
    assert (settings.daily_credits, settings.deadline_s) == (50, 600)


def test_paths_may_begin_with_a_tilde_and_are_relative_to_the_application(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is started: in the working folder first."""
    monkeypatch.setenv("HOME", str(folder))
    settings = given(
        monkeypatch, PLAYGROUND_DATA="~/data", PLAYGROUND_CATALOG="catalog.yaml", PLAYGROUND_DATABASE_URL="sqlite:///~/x.db"
    )
    assert (settings.data_folder, settings.catalog) == (folder / "data", ROOT / "catalog.yaml")
    assert settings.database_address == f"sqlite:///{folder}/x.db"
    (folder / "catalog.yaml").touch()
    assert read_settings(Path()).catalog == Path("catalog.yaml")
    (folder / "home").mkdir()
    (folder / "home" / ".env").write_text("PLAYGROUND_JOB_CREDITS=1\n")
    assert read_settings(folder / "home").job_credits == 1
    (folder / ".env").write_text("PLAYGROUND_JOB_CREDITS=2\n")
    assert read_settings(folder / "home").job_credits == 2


def test_proxies_are_patterns_and_are_never_used_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings(Path()).proxies == DIRECT
    settings = given(
        monkeypatch,
        https_proxy="proxy.example:3128",
        ALL_PROXY="socks5h://ann:secret@other.example:1080",
        NO_PROXY="example.com, .internal *.corp,10.0.0.0/8 192.168.1.1,::2, gateway:8080",
        GRADIO_SERVER_NAME="192.168.1.7",
    )
    hosts = ("*example.com", "*internal", "*corp", "10.0.0.0/8", "192.168.1.1", "[::2]", "*gateway:8080", "192.168.1.7")
    assert settings.proxies == DIRECT | {f"all://{host}": None for host in hosts} | {
        "https://": "http://proxy.example:3128",
        "all://": "socks5h://ann:secret@other.example:1080",
    }
    assert "secret" not in repr(settings)
    assert given(monkeypatch, NO_PROXY="example.com,*").proxies == {}


def test_an_unreadable_file_is_reported_without_its_content(folder: Path) -> None:
    """A key saved in another encoding must not end in a traceback of bytes."""
    (folder / ".env").write_bytes(b"API_IN_ONE_KEY=caf\xe9\n")

    with pytest.raises(SettingsError) as refusal:
        read_settings(Path())

    assert ".env" in str(refusal.value)
    assert "caf" not in str(refusal.value)


def test_the_key_is_in_no_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host's key is a secret value, without surrounding blanks."""
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
        ({"API_IN_ONE_KEY": KEY, "SPACE_ID": "a/b", "PLAYGROUND_DAILY_CREDITS": "inf"}, None, True),
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
    others = {name for name in NAMES if not name.startswith(("API_IN_ONE_", "PLAYGROUND_", "GRADIO_"))}
    own = {name: field for name, field in NAMES.items() if name not in others}

    assert set(shown) == set(own)
    defaults = {name: EMPTY[field] for name, field in own.items() if EMPTY[field] is not None}
    defaults["PLAYGROUND_CATALOG"] = "catalog.yaml"
    assert {name: value for name, value in shown.items() if value} == {
        name: f"{value:g}" if value == 600 else str(value) for name, value in defaults.items()
    } | {"PLAYGROUND_DATA": "data"}
    assert all(name in text for name in others)
    lines = text.splitlines()
    assert all(line.startswith("# ") or not line for line in lines)
    assert all(lines[at - 1].startswith("# ") for at, line in enumerate(lines) if EXAMPLE.match(line))
