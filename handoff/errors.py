"""What can go wrong with a case, as expected situations. The desk shows the sentences in its language.

`status` is what a page answers where it does not handle the situation itself.
"""

from __future__ import annotations

from core.errors import LotseError


class TicketAlreadyClosed(LotseError):
    """Something was about to happen to a case that is over."""

    code = "ticket-closed"
    status = 409

    def __init__(self) -> None:
        super().__init__("This case is closed. Nothing more can be written in it.")


class TicketUnknown(LotseError):
    """There is no such case, or not for this person or office."""

    code = "ticket-unknown"
    status = 404

    def __init__(self) -> None:
        super().__init__("There is no such case.")


class NotPermitted(LotseError):
    """The role may not do this."""

    code = "not-permitted"
    status = 403

    def __init__(self) -> None:
        super().__init__("Your account may not do this.")


class OfficeCannotTakeCases(LotseError):
    """The office is not activated, or nobody works there who could read the case."""

    code = "office-not-staffed"

    def __init__(self) -> None:
        super().__init__("This office takes no cases at the moment.")


class ConsentDoesNotFit(LotseError):
    """The consent named another office or carrier than the one that would read the case."""

    code = "consent"

    def __init__(self) -> None:
        super().__init__("The consent names another carrier than the one that would read the case.")


class NothingWritten(LotseError):
    """A message without words."""

    code = "empty"

    def __init__(self) -> None:
        super().__init__("Please write something first.")


class TooLong(LotseError):
    """A message longer than one Telegram message."""

    code = "too-long"

    def __init__(self) -> None:
        super().__init__("A message can have at most 4,096 characters. Please shorten it or send it in two parts.")


class SomethingNew(LotseError):
    """Somebody wrote since the form was opened."""

    code = "something-new"

    def __init__(self) -> None:
        super().__init__("Something new was written in the meantime. It is marked; please look at it and send again.")


class Unusable(LotseError):
    """A field of a form has a value that cannot be used; the sentence names it."""

    code = "unusable"
