"""Saying something is a write of one row."""

import pytest

from daemon.outbox import outbox as outbox_module
from daemon.outbox.message import Button, OutgoingMessage, Text, Verbatim
from daemon.outbox.outbox import Outbox
from daemon.outbox.payload import decode, encode
from store.write import Write, wake


class Queues:
    """Remembers what would be written."""

    def __init__(self):
        self.rows = []

    def put(self, queue, key, lane, payload, *, now):
        self.rows.append(("put", queue, key, lane, payload, now))
        return wake(f"queue:{queue}")

    def replace(self, queue, key, lane, payload, *, now):
        self.rows.append(("replace", queue, key, lane, payload, now))
        return wake(f"queue:{queue}")


class StoppedClock:
    def now(self):
        return 1_000


@pytest.fixture
def queues():
    return Queues()


@pytest.fixture
def outbox(queues):
    return Outbox(queues, StoppedClock())


def test_message_becomes_one_row_of_its_chat(outbox, queues):
    write = outbox.say(OutgoingMessage(42, Text("a.b", {"n": 1}), body=Verbatim("letter"), card="status"))
    assert isinstance(write, Write)
    [(kind, queue, _, lane, payload, now)] = queues.rows
    assert (kind, queue, lane, now) == ("put", "outbox", 42, 1_000)
    parcel = decode(payload)
    assert (parcel.act, parcel.text, parcel.body, parcel.card) == ("say", Text("a.b", {"n": 1}), "letter", "status")
    assert not parcel.is_notice


def test_messages_without_a_name_never_share_a_key(outbox, queues):
    for _ in range(3):
        outbox.say(OutgoingMessage(42, Text("a.b")))
    Outbox(queues, StoppedClock()).say(OutgoingMessage(42, Text("a.b")))
    assert len({row[2] for row in queues.rows}) == 4


def test_message_with_a_name_has_it_as_key(outbox, queues):
    outbox.say(OutgoingMessage(42, Text("a.b")), key="applied:42:7", is_notice=True)
    assert queues.rows[0][2] == "applied:42:7"
    assert decode(queues.rows[0][4]).is_notice


def test_edits_of_a_card_replace_each_other(outbox, queues):
    outbox.edit(42, "status", Text("a.b"))
    outbox.edit(42, "status", Text("a.c"), body=Verbatim("x"))
    assert [(row[0], row[2]) for row in queues.rows] == [("replace", "edit:42:status")] * 2
    parcel = decode(queues.rows[1][4])
    assert (parcel.act, parcel.card, parcel.is_notice, parcel.body) == ("edit", "status", True, "x")


def test_press_is_acknowledged_once(outbox, queues):
    outbox.acknowledge(42, "777", Text("bot.done"), is_alert=True)
    assert queues.rows[0][2] == "press:777"
    parcel = decode(queues.rows[0][4])
    assert (parcel.act, parcel.callback_query_id, parcel.is_alert) == ("acknowledge", "777", True)


def test_button_that_can_not_be_signed_is_refused_when_it_is_said(outbox):
    keyboard = ((Button(Verbatim("x"), "act", "я" * 10),),)
    with pytest.raises(ValueError, match="ASCII"):
        outbox.say(OutgoingMessage(42, Text("a.b"), keyboard=keyboard))
    with pytest.raises(ValueError, match="ASCII"):
        outbox.edit(42, "card", Text("a.b"), keyboard=keyboard)


def test_row_made_lately_is_had_without_reading_once(outbox):
    write = outbox.say(OutgoingMessage(42, Text("a.b")))
    [topic] = write.topics
    hint = topic.removeprefix("queue:outbox#")
    lane, key = hint.split(" ")
    item = outbox.take_fresh(key)
    assert (item.lane, item.key, lane) == (42, key, "42")
    assert decode(item.payload) == decode(encode(item.payload))
    assert outbox.take_fresh(key) is None


def test_row_somebody_may_have_written_before_has_to_be_read(outbox):
    assert outbox.say(OutgoingMessage(42, Text("a.b")), key="applied:7").topics == ("queue:outbox",)
    assert outbox.take_fresh("applied:7") is None


def test_rows_never_written_are_forgotten(outbox, monkeypatch):
    monkeypatch.setattr(outbox_module, "_MOST_FRESH", 3)
    for _ in range(10):
        outbox.say(OutgoingMessage(42, Text("a.b")))
    assert len(outbox._fresh) <= 3
