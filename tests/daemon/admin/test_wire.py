"""The admin protocol: what is a request, what is none, and that answers can be read back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.admin.wire import AdminError, read_answer, read_request, write_error, write_reply

CANARY = "canary-77"


@dataclass(frozen=True)
class Greeting:
    text: str
    numbers: tuple[int, ...]


def test_request_is_read():
    request = read_request('{"id": 1, "verb": "why", "args": {"user": 42}}')
    assert (request.id, request.verb, request.args) == (1, "why", {"user": 42})


def test_args_may_be_left_out():
    assert read_request(b'{"id": "a", "verb": "status"}').args == {}


@pytest.mark.parametrize(
    "message",
    [
        "",
        "null",
        "[]",
        "status",
        '{"id": 1}',
        '{"verb": "status"}',
        '{"id": 1.5, "verb": "status"}',
        '{"id": 1, "verb": "status", "args": []}',
        f'{{"id": 1, "verb": "status", "{CANARY}": 1}}',
        f'{{"id": "{CANARY * 20}", "verb": "status"}}',
        f'{{"id": 1, "verb": ["{CANARY}"]}}',
        b"\xff\xfe",
        "[" * 10_000,
    ],
)
def test_anything_else_is_refused_with_the_shape(message):
    with pytest.raises(AdminError, match="expected") as caught:
        read_request(message)
    assert caught.value.kind == "bad_request"


@given(st.one_of(st.text(), st.binary()))
def test_no_message_breaks_the_reader(message):
    with suppress(AdminError):
        read_request(message)


def test_reply_is_read_back():
    answer = read_answer(write_reply(7, Greeting("hi", (1, 2)), more=True))
    assert (answer.id, answer.ok, answer.reply, answer.more) == (7, True, {"text": "hi", "numbers": [1, 2]}, True)


def test_error_is_read_back():
    answer = read_answer(write_error(None, AdminError("busy", "wait")))
    assert (answer.id, answer.ok, answer.error.kind, answer.error.text) == (None, False, "busy", "wait")


def test_answer_of_another_program_is_refused():
    with pytest.raises(AdminError, match="same version"):
        read_answer("HTTP/1.1 200 OK")
