"""Every environment variable, once. Secrets are ``SecretStr``: their value is in no ``repr`` and no log.

``.env.example`` lists the same names; a test compares the two.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from components.errors import SettingsError

DATABASE = "playground.db"


class Settings(BaseSettings):
    """The environment or ``.env``, read once where the application is put together."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    key: SecretStr | None = Field(None, alias="API_IN_ONE_KEY", description="The host's key; unset: the sandbox.")
    base_url: str | None = Field(
        None, alias="API_IN_ONE_BASE_URL", pattern=r"^https?://[^\s]+$", description="The service; unset: the catalog's."
    )
    catalog: Path = Field(Path("catalog.yaml"), alias="PLAYGROUND_CATALOG", description="The catalog file.")
    data: Path | None = Field(
        None,
        alias="PLAYGROUND_DATA",
        description="Folder for pictures and the database; unset: data/. On a Space, a mounted bucket.",
    )
    database_url: SecretStr | None = Field(
        None,
        alias="PLAYGROUND_DATABASE_URL",
        description="sqlite:////path or postgresql://...; unset: SQLite in the data folder, for one process.",
    )
    images_url: SecretStr | None = Field(
        None,
        alias="PLAYGROUND_IMAGES_URL",
        description="Any fsspec URL for the pictures; unset: a folder in the data folder.",
    )
    public_url: str | None = Field(
        None,
        alias="PLAYGROUND_PUBLIC_URL",
        pattern=r"^https?://[^\s]+$",
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
        600.0, alias="PLAYGROUND_DEADLINE_S", gt=0, description="Seconds before a task is called overdue."
    )
    sandbox_speed: float = Field(1.0, alias="PLAYGROUND_SANDBOX_SPEED", gt=0, description="Divides the sandbox's run times.")
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
        return self.data or Path("data")

    @property
    def database_address(self) -> str:
        """Where jobs are recorded, or "" for SQLite in the data folder."""
        return self.database_url.get_secret_value().strip() if self.database_url else ""

    @property
    def database_file(self) -> Path:
        """Where jobs are recorded when no address is set."""
        return self.data_folder / DATABASE

    @property
    def images_address(self) -> str:
        """The fsspec URL of the pictures, or "" for a folder in the data folder."""
        return self.images_url.get_secret_value().strip() if self.images_url else ""

    @property
    def public_address(self) -> str:
        """The address strangers use, without a trailing slash, or "" when there is none."""
        if self.public_url:
            return self.public_url.rstrip("/")
        return f"https://{self.space_host.split(',')[0].strip()}" if self.space_host else ""

    @property
    def host_key(self) -> str | None:
        """The host's key where visitors may spend it: on a Space only with a daily cap."""
        return None if self.key_withheld else self._typed_key

    @property
    def key_withheld(self) -> bool:
        """There is a host's key, but it is not used for visitors because no daily cap limits it."""
        return bool(self._typed_key) and self.on_space and self.daily_credits is None

    @property
    def _typed_key(self) -> str | None:
        return (self.key.get_secret_value().strip() or None) if self.key else None


def read_settings() -> Settings:
    """The settings. Raises SettingsError naming each variable that cannot be used, never its value."""
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(f"{item['loc'][0]}: {item['msg'][:1].lower()}{item['msg'][1:]}" for item in error.errors())
        raise SettingsError(f"The environment cannot be used. {faults}.") from None
    except UnicodeDecodeError:
        raise SettingsError("The file .env cannot be used: it is not UTF-8 text.") from None
