"""The `lotse` command: exit status 0 good, 1 a problem that the message names, 2 wrong usage."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from bot import cli, cli_asking, cli_content
from bot.asking import Asker
from bot.channels import terminal
from bot.channels.terminal import _event
from bot.conversation.model import Button
from core import logs
from core.database import Database
from core.errors import LotseError
from handoff import offices
from tests.factories import environment, office, understood
from tests.fakes import FakeEngine

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without `.env` and without data; the commands use it as their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logs, "configure", lambda _: None)  # the logs of other tests must not go to this test's output
    for name, value in (("LOTSE_DATABASE_URL", f"sqlite:///{tmp_path}/data/lotse.db"), ("LOTSE_DATA", str(tmp_path / "data")),
                        ("LOTSE_KEY_FILE", str(tmp_path / "data/master.key"))):
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.fixture
def asker(monkeypatch: pytest.MonkeyPatch) -> Asker:
    found = Asker(FakeEngine({"Danke": understood("chat.thanks")}), environment())
    monkeypatch.setattr(cli_asking, "make_asker", lambda *_, **__: found)
    return found


def lotse(*arguments: str, stdin: str | None = None) -> Any:
    return RUNNER.invoke(cli.app, list(arguments), input=stdin)


@pytest.mark.parametrize("arguments", [
    ["nonsense"], ["ask"], ["ask", "x", "--jsonl"], ["ask", "--unknown"], ["staff", "add"], ["qr"], ["qr", "x.svg"], ["evaluate"],
    ["content", "import"], ["staff", "nonsense"]])
def test_wrong_usage_is_status_2(arguments: list[str]) -> None:
    assert lotse(*arguments).exit_code == 2


@pytest.mark.parametrize("arguments", [["--help"], ["ask", "--help"], ["content", "--help"], ["staff", "add", "--help"]])
def test_every_command_explains_itself(arguments: list[str]) -> None:
    result = lotse(*arguments)
    assert result.exit_code == 0 and "Usage" in result.output


def test_every_command_of_the_contract_is_there() -> None:
    names = {command.name or command.callback.__name__ for command in cli.app.registered_commands if command.callback}
    groups = {group.name for group in cli.app.registered_groups}
    assert {"run", "chat", "ask", "train", "evaluate", "qr", "tickets", "doctor", "demo"} <= names
    assert {"content", "staff"} <= groups


@pytest.mark.parametrize(("name", "value"), [
    ("LOTSE_DATABASE_URL", "mysql://x"), ("LOTSE_LISTEN", "8080"), ("LOTSE_RETENTION_DIALOGUE_DAYS", "0")])
def test_a_setting_that_cannot_be_used_is_status_1_and_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    result = lotse("tickets")
    assert result.exit_code == 1 and name in result.stderr and "Traceback" not in result.stderr


def test_an_unknown_part_is_status_1() -> None:
    result = lotse("run", "--only", "cellar")
    assert result.exit_code == 1 and "cellar" in result.stderr


def test_ask_prints_the_reply(asker: Asker) -> None:
    result = lotse("ask", "Schule?", "--town", "Neudorf", "--language", "de")
    assert result.exit_code == 0 and "Titel tun" in result.stdout and "Marktplatz 1" in result.stdout


def test_ask_prints_json(asker: Asker) -> None:
    result = lotse("ask", "Schule?", "--json")
    assert json.loads(result.stdout)["topic"] == "school.registration"


def test_jsonl_answers_line_by_line_in_order_and_goes_on_after_a_bad_line(asker: Asker) -> None:
    lines = ['{"text": "Schule?", "chat": "a"}', "no json", "", '{"text": 5}', "[]", '{"text": "Danke", "other": 1}',
             '{"text": "x", "town": 7}', "[" * 50_000, '{"text": "Schule?", "language": "ar", "town": "Neudorf"}', '{"text": ""}']
    result = lotse("ask", "--jsonl", stdin="\n".join(lines))
    assert result.exit_code == 0
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row.get("action", "error") for row in rows] == [
        "answer", "error", "error", "error", "chat", "error", "error", "answer", "unsure"]
    assert rows[1]["error"].startswith("line 2:") and "عنوان" in rows[7]["reply"]


def test_jsonl_flushes_each_line(asker: Asker) -> None:
    class Out(io.StringIO):
        flushed = 0

        def flush(self) -> None:
            self.flushed += 1

    out = Out()
    cli_asking.ask_lines(asker, io.BytesIO(b'{"text": "a"}\n\xff\n{"text": "b"}'), out)
    assert out.flushed == 3 and len(out.getvalue().splitlines()) == 3


def test_evaluating_a_missing_or_broken_file_names_it(asker: Asker, tmp_path: Path) -> None:
    result = lotse("evaluate", "missing.jsonl")
    assert result.exit_code == 1 and "missing.jsonl" in result.stderr
    (tmp_path / "broken.jsonl").write_text('{"text": "a", "topic": "x", "lang": "de", "style": "plain"}\nno json\n')
    result = lotse("evaluate", "broken.jsonl")
    assert result.exit_code == 1 and "broken.jsonl:2" in result.stderr


def test_qr_writes_the_file(tmp_path: Path) -> None:
    result = lotse("qr", "code.svg", "--bot", "LotseBot", "--language", "ar", "--town", "Wegberg", "--topic", "school.registration")
    assert result.exit_code == 0 and (tmp_path / "code.svg").exists() and "ar-wegberg-school__registration" in result.stderr


@pytest.mark.parametrize("arguments", [["code.svg", "--bot", "@x"], ["code.svg", "--bot", "LotseBot", "--town", "Atlantis"],
                                       ["code.png", "--bot", "LotseBot"]])
def test_a_qr_code_that_makes_no_sense_is_status_1(arguments: list[str]) -> None:
    result = lotse("qr", *arguments)
    assert result.exit_code == 1 and result.stderr.strip().endswith(".")


def test_the_content_of_the_release_is_good() -> None:
    result = lotse("content", "check")
    assert result.exit_code == 0, result.output


def test_a_mistake_in_the_content_is_status_1_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "content" / "answers" / "school.documents" / "de.md"
    file.parent.mkdir(parents=True)
    file.write_text("---\ntopic: school.documents\n---\n")
    result = lotse("content", "check", str(tmp_path / "content"))
    assert result.exit_code == 1 and "school.documents/de.md:" in result.stdout and "Traceback" not in result.output


def test_content_that_was_exported_can_be_imported_again(tmp_path: Path) -> None:
    from core.settings import load_settings

    settings = load_settings()
    import asyncio

    from bot.content import load_content
    from bot.texts import load_texts
    from core.database import migrate

    async def fill() -> None:
        database = Database(settings.database_url)
        await load_content(database, settings, load_texts())
        await database.close()

    migrate(settings.database_url)
    asyncio.run(fill())
    assert lotse("content", "export", "out").exit_code == 0
    result = lotse("content", "import", "out")
    assert result.exit_code == 0 and "0 new, 0 changed" in result.stderr
    (tmp_path / "out" / "answers" / "school.documents" / "de.md").write_text("broken")
    assert lotse("content", "import", "out").exit_code == 1


def test_accounts_are_made_listed_and_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    result = lotse("staff", "add", "Amal@Example.org", "--name", "Amal", "--role", "operator")
    assert result.exit_code == 0 and "/desk/link/" in result.stdout and "/desk/link/" not in result.stderr
    assert "amal@example.org" in lotse("staff", "list").stdout
    assert lotse("staff", "link", "amal@example.org").exit_code == 0
    assert lotse("staff", "disable", "amal@example.org").exit_code == 0
    assert "disabled" in lotse("staff", "list").stdout
    assert lotse("staff", "link", "amal@example.org").exit_code == 1


@pytest.mark.parametrize("arguments", [
    ["add", "x", "--name", "X", "--role", "king"], ["add", "x", "--name", "X", "--office", "nowhere"], ["disable", "nobody"],
    ["link", "nobody"]])
def test_an_account_that_makes_no_sense_is_status_1(arguments: list[str]) -> None:
    result = lotse("staff", *arguments)
    assert result.exit_code == 1 and result.stderr.strip() and "Traceback" not in result.stderr


def test_the_same_account_twice_is_status_1() -> None:
    assert lotse("staff", "add", "x@example.org", "--name", "X", "--role", "operator").exit_code == 0
    assert lotse("staff", "add", "X@example.org", "--name", "X", "--role", "operator").exit_code == 1


def test_no_accounts_and_no_cases_are_said_in_a_sentence() -> None:
    assert "no accounts" in lotse("staff", "list").stdout
    assert "no cases" in lotse("tickets").stdout


def test_offices_that_take_cases_are_none_without_a_database() -> None:
    from core.settings import load_settings
    assert cli_content.staffed_offices(load_settings()) == frozenset()


async def test_offices_that_take_cases_come_from_the_database(database: Database) -> None:
    from bot.cli_staff import add  # noqa: F401 - the command exists
    async with database.transaction() as connection:
        await offices.sync_offices(connection, [office()])
        assert await offices.staffed_offices(connection) == frozenset()


def test_the_doctor_says_what_is_missing_and_is_good_on_a_fresh_machine() -> None:
    result = lotse("doctor")
    assert result.exit_code == 0, result.output
    assert "LOTSE_OPERATOR" in result.stdout and "TELEGRAM_TOKEN" in result.stdout


def test_the_doctor_is_status_1_where_something_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOTSE_DEFAULT_TOWN", "Atlantis")
    result = lotse("doctor")
    assert result.exit_code == 1 and "Atlantis" in result.stdout


@pytest.mark.parametrize(("name", "value"), [("TELEGRAM_TOKEN", "123456:" + "a" * 35), ("LOTSE_LISTEN", "0.0.0.0:8080")])
def test_the_demonstration_is_refused_beside_real_people(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    result = lotse("demo")
    assert result.exit_code == 1 and name in result.stderr


def test_an_expected_problem_is_its_sentence_and_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    from bot.cli_tools import errors_as_sentences

    @errors_as_sentences
    def broken() -> None:
        raise LotseError("Das [b]geht[/b] nicht.")

    with pytest.raises(typer.Exit) as raised:
        broken()
    assert raised.value.exit_code == 1 and "Das [b]geht[/b] nicht." in capsys.readouterr().err


# --- the terminal -----------------------------------------------------------------------------------------------------

BUTTONS = [Button("A", "a"), Button("B", "b")]


@pytest.mark.parametrize(("typed", "kind", "what"), [
    ("1", "button", "a"), (" 2 ", "button", "b"), ("٢", "button", "b"), ("3", "text", "3"), ("0", "text", "0"), ("²", "text", "²"),
    ("1 Kind", "text", "1 Kind"), ("/menu", "command", "menu"), ("/START x", "command", "start"), ("/nope", "text", "/nope"), ("", "text", "")])
def test_what_is_typed_in_the_terminal(typed: str, kind: str, what: str) -> None:
    event = _event(typed, BUTTONS, "de")
    assert event.kind == kind and what in {event.data, event.name, event.text}


def test_a_conversation_in_the_terminal_runs_until_the_end_of_the_input(
        asker: Asker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    typed = iter(["1", "Schule?", "🙂", "/mydata"])

    def read(_prompt: str) -> str:
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", read)
    terminal.talk(asker, "de")
    shown = capsys.readouterr().out
    assert "[1] Deutsch" in shown and "Titel tun" in shown and '"profile"' in shown


def test_quit_ends_the_terminal(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _: "/quit")
    terminal.talk(asker, None)
