"""Rows of the inbox, written and read."""

import pytest

from daemon.inbox.reading import NOBODYS_LANE, event_payload, key_of_update, lane_of_update, read_item, update_payload
from store.durable.queues import QueueItem
from store.write import NOTHING
from telegram_client.types import UnreadableUpdate

RAW = {
    "update_id": 5,
    "message": {"message_id": 1, "date": 0, "chat": {"id": 42, "type": "private"}, "from": {"id": 42}, "text": "hi"},
}


def item(payload, lane=42):
    return QueueItem("inbox", "key", lane, 1, payload, 0, 0, 1_000, 1, None)


def test_update_becomes_the_row_of_its_chat():
    assert key_of_update(RAW) == "update:5"
    assert lane_of_update(RAW) == 42
    incoming = read_item(item(update_payload(RAW)), NOTHING)
    assert (incoming.chat_id, incoming.user_id, incoming.received_at) == (42, 42, 1_000)
    assert incoming.update.message.text == "hi"
    assert incoming.event is None


def test_event_becomes_a_row_of_its_chat():
    incoming = read_item(item(event_payload("board_returned", {"board": "hh"}, 42)), NOTHING)
    assert (incoming.event.name, incoming.event.data) == ("board_returned", {"board": "hh"})
    assert incoming.update is None


def test_update_without_chat_goes_to_nobodys_lane():
    assert lane_of_update({"update_id": 5}) == NOBODYS_LANE
    assert lane_of_update({"update_id": 5, "message": "broken"}) == NOBODYS_LANE


def test_id_no_database_can_keep_is_nobodys():
    raw = {"update_id": 5, "message": {"chat": {"id": 2**70}, "from": {"id": -(2**70)}}}
    assert lane_of_update(raw) == NOBODYS_LANE


def test_broken_update_stays_in_the_lane_of_its_chat():
    assert lane_of_update({"update_id": 5, "message": {"chat": {"id": 7}, "text": [1]}}) == 7


def test_post_of_a_channel_is_nobodys_to_answer():
    raw = {"update_id": 5, "channel_post": {"message_id": 1, "chat": {"id": -1, "type": "channel"}}}
    assert read_item(item(update_payload(raw)), NOTHING) is None


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        {},
        {"update": 5},
        {"event": "x"},
        {"event": 1, "data": {}, "user_id": 1},
        {"event": "x", "data": {}, "user_id": "1"},
    ],
)
def test_row_of_another_shape_is_unreadable(payload):
    with pytest.raises(UnreadableUpdate):
        read_item(item(payload), NOTHING)
