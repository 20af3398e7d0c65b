"""Settings: read once at start from the environment and `.env`, typed, with a sentence for each mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import SettingsError


class Settings(BaseSettings):
    """Everything an operator can set. `docs/operators.md` and `.env.example` list the same names."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", populate_by_name=True)

    telegram_token: SecretStr | None = Field(None, validation_alias="TELEGRAM_TOKEN")
    telegram_api_url: str = Field("https://api.telegram.org", validation_alias="TELEGRAM_API_URL")
    # Telegram's published limits: about 30 messages a second for a bot, about one a second in a chat.
    telegram_messages_per_second: float = Field(30, gt=0, validation_alias="LOTSE_TELEGRAM_MESSAGES_PER_SECOND")
    telegram_chat_burst: int = Field(3, ge=1, validation_alias="LOTSE_TELEGRAM_CHAT_BURST")

    database_url: str = Field("sqlite:///data/lotse.db", validation_alias="LOTSE_DATABASE_URL")
    key_file: Path = Field(Path("data/master.key"), validation_alias="LOTSE_KEY_FILE")
    data_folder: Path = Field(Path("data"), validation_alias="LOTSE_DATA")
    content_folder: Path | None = Field(None, validation_alias="LOTSE_CONTENT")

    listen: str = Field("127.0.0.1:8080", validation_alias="LOTSE_LISTEN")
    public_url: str | None = Field(None, validation_alias="LOTSE_PUBLIC_URL")
    webhook_secret: SecretStr | None = Field(None, validation_alias="LOTSE_WEBHOOK_SECRET")
    webhook_url: str | None = Field(None, validation_alias="LOTSE_WEBHOOK_URL")

    operator: str | None = Field(None, validation_alias="LOTSE_OPERATOR")
    contact: str | None = Field(None, validation_alias="LOTSE_CONTACT")
    dpo: str | None = Field(None, validation_alias="LOTSE_DPO")
    imprint_url: str | None = Field(None, validation_alias="LOTSE_IMPRINT_URL")
    default_town: str | None = Field(None, validation_alias="LOTSE_DEFAULT_TOWN")

    nlu: Literal["builtin"] = Field("builtin", validation_alias="LOTSE_NLU")

    smtp_url: SecretStr | None = Field(None, validation_alias="LOTSE_SMTP_URL")
    mail_from: str | None = Field(None, validation_alias="LOTSE_MAIL_FROM")

    retention_dialogue_days: int = Field(30, ge=1, validation_alias="LOTSE_RETENTION_DIALOGUE_DAYS")
    retention_cases_days: int = Field(180, ge=1, validation_alias="LOTSE_RETENTION_CASES_DAYS")
    retention_access_days: int = Field(365, ge=1, validation_alias="LOTSE_RETENTION_ACCESS_DAYS")

    proxy: SecretStr | None = Field(None, validation_alias="LOTSE_PROXY")
    trusted_proxies: str = Field("", validation_alias="LOTSE_TRUSTED_PROXIES")
    chat_page: Literal["auto", "on", "off"] = Field("auto", validation_alias="LOTSE_CHAT_PAGE")
    demo: bool = Field(False, validation_alias="LOTSE_DEMO")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", validation_alias="LOTSE_LOG_LEVEL")

    @field_validator("telegram_token", "webhook_secret", "smtp_url", "public_url", "webhook_url", "operator", "contact",
                     "dpo", "imprint_url", "default_town", "mail_from", "proxy", "content_folder", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        """`NAME=` in a `.env` file means the same as leaving the line out."""
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql://", "postgres://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return value

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdecimal() or not 0 <= int(port) <= 65535:
            raise ValueError("must look like 127.0.0.1:8080")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _secret_alphabet(cls, value: SecretStr | None) -> SecretStr | None:
        """Telegram accepts 1 to 256 characters of A-Z a-z 0-9 _ - as a webhook secret."""
        if value is not None:
            text = value.get_secret_value()
            if len(text) > 256 or not all(c.isascii() and (c.isalnum() or c in "_-") for c in text):
                raise ValueError("may hold only A-Z a-z 0-9 _ - and at most 256 characters")
        return value

    @model_validator(mode="after")
    def _webhook_needs_an_address(self) -> Settings:
        if self.webhook_secret is not None and not (self.webhook_url or self.public_url):
            raise ValueError("LOTSE_WEBHOOK_SECRET: the webhook needs an address; set LOTSE_PUBLIC_URL")
        if self.smtp_url is not None and self.mail_from is None:
            raise ValueError("LOTSE_MAIL_FROM: the sender's address is needed where LOTSE_SMTP_URL is set")
        return self

    @property
    def host(self) -> str:
        """The address to listen on, without the port."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port to listen on."""
        return int(self.listen.rpartition(":")[2])

    @property
    def is_sqlite(self) -> bool:
        """Whether one local file holds everything."""
        return self.database_url.startswith("sqlite")

    @property
    def sqlite_path(self) -> Path | None:
        """The file behind a SQLite address, None for PostgreSQL and for `:memory:`."""
        if not self.is_sqlite:
            return None
        path = self.database_url.removeprefix("sqlite:///")
        return None if path in {"", ":memory:"} else Path(path)

    @property
    def chat_page_on(self) -> bool:
        """`auto` serves the chat page only while no Telegram token is set."""
        return self.chat_page == "on" or (self.chat_page == "auto" and self.telegram_token is None)


def load_settings(**overrides: object) -> Settings:
    """Read the settings; a value that cannot be used raises SettingsError naming the variable and the reason."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [": ".join([*map(str, item["loc"][:1]), item["msg"].removeprefix("Value error, ")])
                 for item in error.errors()]
        raise SettingsError("These settings cannot be used:\n  " + "\n  ".join(lines)) from None
