"""Every environment variable, once. Secrets are ``SecretStr``: their value is in no ``repr`` and no log.

``.env.example`` lists the same names; a test compares the two.
"""

from __future__ import annotations

import math
import os
import ssl
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from components.errors import KeyRefused, SettingsError
from components.keys import clean_key
from components.proxies import read_no_proxy, read_proxy

HOME = Path(__file__).parent.parent  # where app.py and catalog.yaml are
DATABASE = "playground.db"
PREFIX = "PLAYGROUND_"
ADDRESS = r"^(?i:https?)://[^\s?#]+$"


class Settings(BaseSettings):
    """The environment or ``.env``, read once where the application is put together.

    A relative path starts at the working folder; what is not there is looked for beside ``app.py``.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True, env_file_encoding="utf-8")

    key: SecretStr | None = Field(None, alias="API_IN_ONE_KEY", description="The host's key; unset: the sandbox.")
    base_url: str | None = Field(
        None, alias="API_IN_ONE_BASE_URL", pattern=ADDRESS, description="The service; unset: the catalog's."
    )
    catalog: Path = Field(HOME / "catalog.yaml", alias="PLAYGROUND_CATALOG", description="The catalog file.")
    data: Path | None = Field(
        None,
        alias="PLAYGROUND_DATA",
        description="Folder for pictures, uploads and an SQLite database; unset: data/ beside app.py.",
    )
    database_url: SecretStr | None = Field(
        None,
        alias="PLAYGROUND_DATABASE_URL",
        description="postgresql://... or sqlite:////path on a disk; unset: SQLite in the data folder. SQLite serves one process.",
    )
    images_url: SecretStr | None = Field(
        None,
        alias="PLAYGROUND_IMAGES_URL",
        description="Any fsspec URL for the pictures; unset: a folder in the data folder.",
    )
    images_gb: float = Field(
        4.0,
        alias="PLAYGROUND_IMAGES_GB",
        gt=0,
        description="Gigabytes (10^9 bytes) that pictures may take; beyond that the least recently used are deleted.",
    )
    public_url: str | None = Field(
        None,
        alias="PLAYGROUND_PUBLIC_URL",
        pattern=ADDRESS,
        description="Address strangers reach this page at; unset: from SPACE_HOST.",
    )
    daily_credits: float | None = Field(
        None, alias="PLAYGROUND_DAILY_CREDITS", ge=0, description="Most credits of the host's key a UTC day."
    )
    visitor_credits: float | None = Field(
        None, alias="PLAYGROUND_VISITOR_CREDITS", ge=0, description="Most credits of the host's key a visitor and UTC day."
    )
    job_credits: float | None = Field(
        None, alias="PLAYGROUND_JOB_CREDITS", ge=0, description="Most credits of the host's key a request."
    )
    deadline_s: float = Field(
        600.0,
        alias="PLAYGROUND_DEADLINE_S",
        gt=0,
        allow_inf_nan=False,
        description="Seconds before a task is called overdue.",
    )
    sandbox_speed: float = Field(
        1.0, alias="PLAYGROUND_SANDBOX_SPEED", gt=0, allow_inf_nan=False, description="Divides the sandbox's run times."
    )
    log_prompts: bool = Field(
        False, alias="PLAYGROUND_LOG_PROMPTS", description="Whether the log of jobs holds what was asked; never a key."
    )
    server_name: str | None = Field(
        None, alias="GRADIO_SERVER_NAME", description="Address to listen on; unset: 127.0.0.1, on a Space 0.0.0.0."
    )
    server_port: int | None = Field(
        None, alias="GRADIO_SERVER_PORT", ge=0, le=65535, description="Port; unset: 7860, or the next free one."
    )
    space_id: str | None = Field(None, alias="SPACE_ID", description="Set by Hugging Face on a Space.")
    space_host: str | None = Field(None, alias="SPACE_HOST", description="Set by Hugging Face: the Space's host names.")
    http_proxy: SecretStr | None = Field(None, alias="HTTP_PROXY", description="Proxy for http addresses.")
    https_proxy: SecretStr | None = Field(None, alias="HTTPS_PROXY", description="Proxy for https addresses.")
    all_proxy: SecretStr | None = Field(None, alias="ALL_PROXY", description="Proxy for both.")
    no_proxy: str = Field("", alias="NO_PROXY", description="Hosts that are called without a proxy, separated by commas.")
    certificates: Path | None = Field(
        None, alias="SSL_CERT_FILE", description="Certificates of the authorities to trust; unset: the system's."
    )

    @field_validator("*", mode="before")
    @classmethod
    def _unquoted(cls, value: Any, info: ValidationInfo) -> Any:
        """Text without spaces and quotes around it, which some tools pass on from their files; empty text is unset."""
        if not isinstance(value, str):
            return value
        text = value.strip().strip("\"'").strip()
        return text or cls.model_fields[str(info.field_name)].default

    @field_validator("key")
    @classmethod
    def _cleaned_key(cls, key: SecretStr | None) -> SecretStr | None:
        try:
            cleaned = clean_key(key.get_secret_value()) if key else ""
        except KeyRefused as error:
            raise ValueError(f"{error.what} {error.next_step}".rstrip(".")) from None
        return SecretStr(cleaned) if cleaned else None

    @field_validator("daily_credits", "visitor_credits", "job_credits")
    @classmethod
    def _infinite_is_no_cap(cls, credits: float | None) -> float | None:
        return None if credits == math.inf else credits

    @field_validator("catalog", "data", "certificates")
    @classmethod
    def _existing(cls, path: Path | None) -> Path | None:
        if path is None:
            return None
        try:
            path = path.expanduser()
        except RuntimeError:
            raise ValueError("there is no home folder for its ~") from None
        return HOME / path if not path.exists() and (HOME / path).exists() else path

    @field_validator("certificates")
    @classmethod
    def _certificates(cls, path: Path | None) -> Path | None:
        try:
            if path:
                ssl.create_default_context(cafile=path)
        except (OSError, ssl.SSLError):
            raise ValueError("no certificates can be read from this file") from None
        return path

    @field_validator("http_proxy", "https_proxy", "all_proxy")
    @classmethod
    def _proxy(cls, proxy: SecretStr | None) -> SecretStr | None:
        return SecretStr(read_proxy(proxy.get_secret_value())) if proxy else None

    @field_validator("no_proxy")
    @classmethod
    def _no_proxy(cls, hosts: str) -> str:
        read_no_proxy(hosts)
        return hosts

    @property
    def on_space(self) -> bool:
        """Whether this is a Hugging Face Space."""
        return bool(self.space_id)

    @property
    def listen_on(self) -> str:
        """The host to listen on: loopback, unless it is a Space or somebody has named another."""
        return self.server_name or ("0.0.0.0" if self.on_space else "127.0.0.1")  # noqa: S104  # a Space is a container

    @property
    def data_folder(self) -> Path:
        """Where jobs, pictures and uploads are kept, unless a setting of its own says where jobs or pictures are."""
        return self.data or HOME / "data"

    @property
    def database_address(self) -> str:
        """Where jobs are recorded, or "" for SQLite in the data folder."""
        address = self.database_url.get_secret_value() if self.database_url else ""
        return address.replace("sqlite:///~/", f"sqlite:///{Path.home()}/", 1)

    @property
    def database_file(self) -> Path:
        """Where jobs are recorded when no address is set."""
        return self.data_folder / DATABASE

    @property
    def images_address(self) -> str:
        """The fsspec URL of the pictures, or "" for a folder in the data folder."""
        return self.images_url.get_secret_value() if self.images_url else ""

    @property
    def public_address(self) -> str:
        """The address strangers use, without a trailing slash, or "" when there is none."""
        if self.public_url:
            return self.public_url.rstrip("/")
        return f"https://{self.space_host.split(',')[0].strip()}" if self.space_host else ""

    @property
    def host_key(self) -> str | None:
        """The host's key where visitors may spend it: on a Space only with a daily cap."""
        return None if self.key_withheld else self._configured_key

    @property
    def key_withheld(self) -> bool:
        """There is a host's key, but it is not used for visitors because no daily cap limits it."""
        return bool(self._configured_key) and self.on_space and self.daily_credits is None

    @property
    def _configured_key(self) -> str | None:
        return self.key.get_secret_value() if self.key else None

    @property
    def proxies(self) -> dict[str, str | None]:
        """The proxy for each pattern of addresses, as httpx writes patterns; None for addresses that are called directly.

        This machine, and the address that the server listens on, are always called directly.
        """
        named = {"http://": self.http_proxy, "https://": self.https_proxy, "all://": self.all_proxy}
        direct = read_no_proxy(f"{self.no_proxy},localhost,127.0.0.0/8,::1,{(self.server_name or '').strip('[]')}")
        proxies = {pattern: proxy.get_secret_value() for pattern, proxy in named.items() if proxy}
        return {} if "*" in direct else proxies | dict.fromkeys(direct)


def read_settings(home: Path = HOME) -> Settings:
    """The settings, from the environment and ``.env`` in the working folder, or else in ``home``.

    Raises SettingsError naming each variable that cannot be used or has no meaning, never its value.
    """
    file = next((path for path in (Path(".env"), home / ".env") if path.is_file()), None)
    try:
        unknown = _unknown_names(dotenv_values(file, encoding="utf-8") if file else {})
        faults = [f"{name}: no setting has this name. The nearest is {nearest}" for name, nearest in unknown.items()]
        settings = Settings(_env_file=file)
    except ValidationError as error:
        messages = ((item["loc"][0], item["msg"].removeprefix("Value error, ")) for item in error.errors())
        faults += [f"{name}: {message[:1].lower()}{message[1:]}" for name, message in messages]
    except UnicodeDecodeError:
        raise SettingsError("The file .env cannot be used: it is not UTF-8 text.") from None
    if faults:
        raise SettingsError(f"The environment cannot be used. {'; '.join(faults)}.")
    return settings


def _unknown_names(file: dict[str, str | None]) -> dict[str, str]:
    """Names that begin as ours and are none of ours, such as a misspelt cap, each with the nearest right one."""
    known = [str(field.alias) for field in Settings.model_fields.values() if str(field.alias).startswith(PREFIX)]
    names = sorted(name for name in {*os.environ, *file} if name.upper().startswith(PREFIX))  # noqa: TID251
    return {name: get_close_matches(name.upper(), known, 1, 0)[0] for name in names if name.upper() not in known}
