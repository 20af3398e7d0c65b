"""Errors with names and two readers: the code is for programs, the sentence is for people."""

from __future__ import annotations


class LotseError(Exception):
    """An expected problem whose sentence says what to do; never a crash report.

    `code` is stable (logs, tests, JSON); `str(error)` is the sentence, in English, for operators and the command line.
    """

    code = "problem"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class SettingsError(LotseError):
    """A setting has a value that cannot be used."""

    code = "settings"


class DatabaseUnusable(LotseError):
    """The database cannot be opened, or is of a version this release does not know."""

    code = "database"


class KeyRefused(LotseError):
    """The master key is missing, unreadable, or not the one this database was made with."""

    code = "key"


class AlreadyRunning(LotseError):
    """Another process runs on the same SQLite file."""

    code = "already-running"


class ContentError(LotseError):
    """A content file has mistakes; the sentence lists them, one `file:line: what` a line."""

    code = "content"


class TokenRefused(LotseError):
    """Telegram does not know the token."""

    code = "token"
