"""Settings: a sentence for each mistake, and each one stands in `.env.example`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import structlog

from core import logs
from core.errors import SettingsError
from core.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
NAMES = sorted(str(field.validation_alias) for field in Settings.model_fields.values())
EXAMPLE = dict(re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE))
TOKEN = "123456:" + "a" * 35


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_each_setting_stands_in_the_example_and_nothing_else() -> None:
    assert sorted(EXAMPLE) == NAMES


def test_each_setting_is_explained_for_operators() -> None:
    guide = (ROOT / "docs" / "operators.md").read_text("utf-8")
    def named(name: str) -> bool:
        shortened = re.sub(r"^LOTSE_RETENTION_", "", name)
        return name in guide or f"_{shortened}" in guide
    assert [name for name in NAMES if not named(name)] == []


def test_the_example_as_it_is_gives_the_defaults(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text("utf-8").replace("LOTSE_DEMO=\n", ""))
    assert load_settings() == load_settings(_env_file=None)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_without_a_value_means_unset_or_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "")
    problem = ""
    try:
        load_settings()
    except SettingsError as error:
        problem = error.sentence
    assert not problem or name in problem


@pytest.mark.parametrize(("name", "value"), [
    ("LOTSE_DATABASE_URL", "mysql://x"), ("LOTSE_DATABASE_URL", "data/lotse.db"), ("LOTSE_LISTEN", "8080"),
    ("LOTSE_LISTEN", "localhost:"), ("LOTSE_LISTEN", "localhost:99999"), ("LOTSE_LISTEN", ":8080"), ("LOTSE_LISTEN", "h:²"),
    ("LOTSE_LISTEN", "h:-1"), ("LOTSE_WEBHOOK_SECRET", "mit leerzeichen"), ("LOTSE_WEBHOOK_SECRET", "ä"),
    ("LOTSE_WEBHOOK_SECRET", "x" * 257), ("LOTSE_RETENTION_CASES_DAYS", "0"), ("LOTSE_RETENTION_DIALOGUE_DAYS", "-1"),
    ("LOTSE_RETENTION_ACCESS_DAYS", "bald"), ("LOTSE_NLU", "magic"), ("LOTSE_CHAT_PAGE", "maybe"), ("LOTSE_LOG_LEVEL", "loud"),
    ("LOTSE_TELEGRAM_MESSAGES_PER_SECOND", "0"), ("LOTSE_TELEGRAM_CHAT_BURST", "0"), ("LOTSE_DEMO", "perhaps")])
def test_a_value_that_cannot_be_used_is_named_with_the_reason(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as raised:
        load_settings()
    assert "invalid literal" not in raised.value.sentence


def test_all_mistakes_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOTSE_LISTEN", "x")
    monkeypatch.setenv("LOTSE_NLU", "x")
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert "LOTSE_LISTEN" in raised.value.sentence and "LOTSE_NLU" in raised.value.sentence


def test_secrets_are_in_no_message_and_no_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_TOKEN", TOKEN)
    monkeypatch.setenv("LOTSE_SMTP_URL", "smtp://user:geheim@mail")
    monkeypatch.setenv("LOTSE_MAIL_FROM", "lotse@example.org")
    settings = load_settings()
    assert TOKEN not in repr(settings) and "geheim" not in repr(settings)
    monkeypatch.setenv("LOTSE_WEBHOOK_SECRET", "geheim mit leerzeichen")
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert "geheim" not in str(raised.value)


def test_settings_come_from_the_file_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text('LOTSE_OPERATOR="Kreis Müller"\nLOTSE_CONTACT=a@example.org\nUNKNOWN=1\n', "utf-8")
    monkeypatch.setenv("LOTSE_CONTACT", "b@example.org")
    settings = load_settings()
    assert (settings.operator, settings.contact) == ("Kreis Müller", "b@example.org")


@pytest.mark.parametrize(("listen", "host", "port"), [
    ("127.0.0.1:8080", "127.0.0.1", 8080), ("[::1]:80", "::1", 80), ("localhost:0", "localhost", 0)])
def test_the_address_to_listen_on_is_taken_apart(listen: str, host: str, port: int) -> None:
    settings = load_settings(listen=listen)
    assert (settings.host, settings.port) == (host, port)


@pytest.mark.parametrize(("url", "path"), [
    ("sqlite:///data/lotse.db", Path("data/lotse.db")), ("sqlite:////var/lotse.db", Path("/var/lotse.db")),
    ("sqlite:///:memory:", None), ("postgresql://h/d", None)])
def test_the_file_behind_sqlite(url: str, path: Path | None) -> None:
    assert load_settings(database_url=url).sqlite_path == path


@pytest.mark.parametrize(("chat_page", "token", "on"), [
    ("auto", None, True), ("auto", TOKEN, False), ("on", TOKEN, True), ("off", None, False)])
def test_the_chat_page_is_on_without_telegram_unless_told_otherwise(chat_page: str, token: str | None, on: bool) -> None:
    assert load_settings(chat_page=chat_page, telegram_token=token).chat_page_on is on


def test_the_libraries_that_log_addresses_with_the_token_are_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    import logging
    logs.configure("debug")
    logging.getLogger("httpx").info("GET https://api.telegram.org/bot%s/getMe", TOKEN)
    logging.getLogger("telegram.ext").debug(TOKEN)
    assert TOKEN not in "".join(capsys.readouterr())
    structlog.reset_defaults()
    logging.basicConfig(stream=sys.__stderr__, force=True)
