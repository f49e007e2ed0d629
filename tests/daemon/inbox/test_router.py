"""What the lanes hand to handlers: a plain value that carries its own end, whatever it was made from."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from daemon.inbox.router import Event, Incoming
from store.ids import ChatId, UserId
from store.write import NOTHING, statement


def incoming(**parts):
    return Incoming(key="update:7", chat_id=ChatId(42), user_id=UserId(42), received_at=1, finish=NOTHING, **parts)


def test_incoming_is_an_update_or_an_event():
    event = Event("timer_due", {"timer": "question:1"})
    assert incoming(event=event).event == event
    assert (incoming().update, incoming().event) == (None, None)


def test_handler_can_not_change_what_it_was_given():
    with pytest.raises(FrozenInstanceError):
        incoming().key = "update:8"


def test_finish_is_joined_to_what_the_handler_wants_written():
    finish = statement("UPDATE x SET y = 1")
    given = Incoming("update:7", ChatId(42), UserId(42), 1, finish)
    written = statement("INSERT INTO z VALUES (1)") + given.finish
    assert [part.sql for part in written.statements] == ["INSERT INTO z VALUES (1)", "UPDATE x SET y = 1"]
