"""Whose fault it is."""

from typing import get_args

import pytest

from telegram_client.errors import (
    ERROR_TEXTS,
    BadRequest,
    BadRequestKind,
    Conflict,
    ConflictKind,
    Forbidden,
    ForbiddenKind,
    NetworkTrouble,
    RetryAfter,
    ServerTrouble,
    TelegramError,
    Unauthorized,
    make_error,
)

KINDS = {
    400: (BadRequest, BadRequestKind),
    404: (BadRequest, BadRequestKind),
    413: (BadRequest, BadRequestKind),
    403: (Forbidden, ForbiddenKind),
    409: (Conflict, ConflictKind),
}


@pytest.mark.parametrize("line", ERROR_TEXTS, ids=lambda line: line.part)
def test_every_text_of_the_table_makes_its_kind(line):
    error = make_error(line.code, f"Some: {line.part.capitalize()} and more")
    error_class, kinds = KINDS[line.code]
    assert type(error) is error_class
    assert error.kind == line.kind
    assert line.kind in get_args(kinds)


@pytest.mark.parametrize("line", ERROR_TEXTS, ids=lambda line: line.part)
def test_every_text_of_the_table_has_its_source(line):
    assert line.source
    assert line.part == line.part.lower()


def test_texts_nobody_knows_are_other():
    assert make_error(400, "Bad Request: the moon is wrong").kind == "other"
    assert make_error(403, "Forbidden: something new").kind == "other"
    assert make_error(409, "Conflict: something new").kind == "other"


def test_too_many_requests_say_how_long_to_wait():
    error = make_error(429, "Too Many Requests: retry after 7", {"retry_after": 7})
    assert isinstance(error, RetryAfter)
    assert error.seconds == 7.0


@pytest.mark.parametrize(
    ("description", "parameters", "seconds"),
    [
        ("Too Many Requests: retry after 12", None, 12.0),
        ("Too Many Requests: retry after 12", {"retry_after": "soon"}, 12.0),
        ("Too Many Requests", {}, 1.0),
        ("", {"retry_after": -5}, 1.0),
    ],
)
def test_wait_is_found_wherever_it_is_said(description, parameters, seconds):
    assert make_error(429, description, parameters).seconds == seconds


def test_unknown_token_is_unauthorized_also_as_404():
    assert isinstance(make_error(401, "Unauthorized"), Unauthorized)
    assert isinstance(make_error(404, "Not Found"), Unauthorized)


def test_unknown_method_is_our_mistake():
    assert make_error(404, "Not Found: method not found").kind == "method_unknown"


@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_their_trouble_is_server_trouble(code):
    assert isinstance(make_error(code, "Internal Server Error"), ServerTrouble)


def test_migration_names_the_new_chat():
    error = make_error(400, "Bad Request: group chat was upgraded to a supergroup chat", {"migrate_to_chat_id": -1001})
    assert error.kind == "migrated"
    assert error.migrate_to_chat_id == -1001
    assert make_error(400, "Bad Request: chat not found").migrate_to_chat_id is None


def test_network_trouble_says_whether_the_request_went_out():
    assert NetworkTrouble("no answer", sent=True).sent
    assert isinstance(NetworkTrouble("refused", sent=False), TelegramError)
