"""Fixtures for the bot: a person who chats with the conversation."""

from __future__ import annotations

import pytest

from bot.conversation.model import Person
from tests.fakes import Chat


@pytest.fixture
def chat() -> Chat:
    """Somebody who has never written before."""
    return Chat()


@pytest.fixture
def german() -> Chat:
    """Somebody who has chosen German and Neudorf."""
    return Chat(person=Person(id="n1", language="de", language_chosen=True, town="Neudorf", town_asked=True,
                              introduced=True))
