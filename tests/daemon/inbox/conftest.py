"""Fixtures of the inbox: updates as Telegram sends them."""

import pytest


def message_update(update_id, text="hi", chat_id=42, **fields):
    person = {"id": chat_id, "is_bot": False, "first_name": "Аня"}
    message = {"message_id": update_id, "date": 0, "chat": {"id": chat_id, "type": "private"}, "from": person}
    return {"update_id": update_id, "message": {**message, "text": text, **fields}}


@pytest.fixture
def make_update():
    return message_update
