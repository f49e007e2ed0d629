"""What the simulated Telegram knows."""

from __future__ import annotations

import pytest

from daemon.sandbox.telegram_errors import MethodRefused
from daemon.sandbox.telegram_state import Group, Person, TelegramState


@pytest.fixture
async def state(world_clock, world_log):
    return TelegramState("1:x", world_clock, world_log)


@pytest.mark.parametrize(
    ("person", "words"),
    [
        (Person(1, "A"), "Forbidden: bot can't initiate conversation with a user"),
        (Person(1, "A", has_started=True, has_blocked=True), "Forbidden: bot was blocked by the user"),
        (Person(1, "A", has_started=True, is_deactivated=True), "Forbidden: user is deactivated"),
    ],
)
async def test_some_people_cannot_be_written_to(state, person, words):
    state.people[1] = person
    with pytest.raises(MethodRefused) as caught:
        state.find_chat(1)
    assert caught.value.description == words


async def test_groups_may_kick_the_bot_out(state):
    state.groups[-5] = Group(-5, "Team")
    assert state.find_chat(-5) == {"id": -5, "type": "group", "title": "Team"}
    state.groups[-5].has_kicked = True
    with pytest.raises(MethodRefused, match="kicked"):
        state.find_chat(-5)


async def test_a_chat_nobody_knows_is_not_found(state):
    with pytest.raises(MethodRefused, match="chat not found"):
        state.find_chat(404)


async def test_message_ids_ascend_over_all_chats(state):
    state.people |= {1: Person(1, "A"), 2: Person(2, "B")}
    ids = [state.add_message(chat, None, text="x").message_id for chat in (1, 2, 1)]
    assert ids == [1, 2, 3]
    assert [message.message_id for message in state.chat_messages(1)] == [1, 3]


async def test_a_message_object_looks_like_the_real_one(state):
    state.people[1] = Person(1, "Анна", "К", "ru")
    markup = {"inline_keyboard": [[{"text": "x", "callback_data": "y"}]]}
    message = state.add_message(
        1, None, text="hi", entities=[{"type": "bold", "offset": 0, "length": 2}], markup=markup
    )
    body = state.message_object(message)
    assert body["from"]["is_bot"] is True
    assert body["chat"] == {"id": 1, "type": "private", "first_name": "Анна", "last_name": "К"}
    assert body["reply_markup"] == markup
    assert "edit_date" not in body
    message.edited_at = 5_000
    assert state.message_object(message)["edit_date"] == 5
    mine = state.add_message(1, 1, text="yo")
    assert state.message_object(mine)["from"] == {
        "id": 1,
        "is_bot": False,
        "first_name": "Анна",
        "language_code": "ru",
        "last_name": "К",
    }


async def test_queries_have_their_own_ids(state):
    assert state.new_query(1).query_id != state.new_query(1).query_id


async def test_files_keep_their_ending(state):
    stored = state.add_file("resume.pdf", b"x")
    assert stored.path.endswith(".pdf")
    assert state.files[stored.file_id].content == b"x"
