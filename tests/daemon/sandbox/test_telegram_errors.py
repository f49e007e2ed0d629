"""Refusals on the wire."""

from __future__ import annotations

import orjson

from daemon.sandbox.telegram_errors import bad_request, conflict, forbidden, too_many_requests


def test_a_refusal_has_code_and_words():
    response = forbidden("Forbidden: bot was blocked by the user").as_response()
    assert response.status == 403
    assert orjson.loads(response.body) == {
        "ok": False,
        "error_code": 403,
        "description": "Forbidden: bot was blocked by the user",
    }


def test_too_many_requests_says_for_how_long():
    body = orjson.loads(too_many_requests(5).as_response().body)
    assert body["parameters"] == {"retry_after": 5}
    assert body["description"] == "Too Many Requests: retry after 5"


def test_bad_request_is_said_once():
    assert bad_request("chat not found").description == "Bad Request: chat not found"
    assert bad_request("Bad Request: chat not found").description == "Bad Request: chat not found"


def test_conflict_is_409():
    assert conflict("Conflict: x").code == 409
