"""What is read of an update, and what passes unread."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telegram_client.types import Message, UnreadableUpdate, Update, read_origin

PERSON = {"id": 42, "is_bot": False, "first_name": "Аня", "language_code": "ru"}
CHAT = {"id": 42, "type": "private"}


def message(**fields):
    return {"message_id": 7, "date": 1, "chat": CHAT, "from": PERSON, "text": "hello", **fields}


def test_message_is_read_with_its_chat_and_person():
    update = Update.parse({"update_id": 1, "message": message()})
    assert (update.kind, update.chat_id, update.user_id) == ("message", 42, 42)
    assert update.message.text == "hello"
    assert update.message.from_.first_name == "Аня"
    assert update.message.chat.is_private


def test_press_is_read_with_the_chat_of_its_message():
    press = {"id": "9", "from": PERSON, "message": {"message_id": 7, "date": 0, "chat": CHAT}, "data": "x"}
    update = Update.parse({"update_id": 1, "callback_query": press})
    assert (update.kind, update.chat_id, update.user_id) == ("callback_query", 42, 42)
    assert update.callback_query.data == "x"


def test_blocking_is_read():
    change = {"chat": CHAT, "from": PERSON, "date": 1, "new_chat_member": {"status": "kicked", "user": PERSON}}
    assert Update.parse({"update_id": 1, "my_chat_member": change}).my_chat_member.new_chat_member.status == "kicked"


def test_kind_of_the_future_passes_with_its_person():
    update = Update.parse({"update_id": 1, "mind_read": {"from": PERSON, "thought": {"deep": True}}})
    assert (update.kind, update.chat_id, update.user_id) == ("mind_read", 42, 42)
    assert update.message is None


def test_field_of_the_future_passes():
    update = Update.parse({"update_id": 1, "message": message(hologram={"size": 3}), "extra": 1})
    assert update.message.text == "hello"


def test_update_of_a_group_has_its_chat_and_its_person():
    update = Update.parse({"update_id": 1, "message": message(chat={"id": -100, "type": "supergroup"})})
    assert (update.chat_id, update.user_id) == (-100, 42)
    assert not update.message.chat.is_private


def test_post_of_a_channel_has_no_person():
    update = Update.parse({"update_id": 1, "channel_post": {"message_id": 1, "chat": {"id": -1, "type": "channel"}}})
    assert (update.kind, update.chat_id, update.user_id) == ("channel_post", -1, None)


def test_update_without_content_has_no_chat():
    update = Update.parse({"update_id": 1})
    assert (update.kind, update.chat_id, update.user_id) == ("", None, None)


def test_content_named_like_our_own_fields_does_not_stand_in_for_them():
    update = Update.parse({"update_id": 1, "message": message(), "chat_id": 666, "user_id": 666, "kind": "evil"})
    assert (update.kind, update.chat_id, update.user_id) == ("message", 42, 42)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        "text",
        {},
        {"update_id": "one"},
        {"update_id": 1, "message": "text"},
        {"update_id": 1, "message": {"message_id": "x", "chat": CHAT, "from": PERSON}},
        {"update_id": 1, "message": message(text=["secret words"])},
        {"update_id": 1, "callback_query": {"id": 5, "from": "secret words"}},
    ],
)
def test_broken_shape_is_unreadable_and_never_quoted(raw):
    with pytest.raises(UnreadableUpdate) as caught:
        Update.parse(raw)
    assert "secret words" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "from", "chat", "message", "user", "text", "update_id", "x"]), inner)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["update_id", "message", "callback_query", "poll", "x"]), JSON))
def test_origin_is_read_of_any_shape(raw):
    kind, chat_id, user_id = read_origin(raw)
    assert isinstance(kind, str)
    assert chat_id is None or type(chat_id) is int
    assert user_id is None or type(user_id) is int


@given(JSON)
def test_parsing_any_shape_reads_it_or_says_that_it_is_unreadable(raw):
    try:
        update = Update.parse(raw)
    except UnreadableUpdate:
        return
    assert type(update.update_id) is int


def test_message_can_be_made_by_name():
    assert Message(message_id=1, chat={"id": 1}, from_={"id": 2}).from_.id == 2
