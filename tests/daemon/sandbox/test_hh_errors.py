"""The simulated board's refusals have the real one's bodies."""

from __future__ import annotations

import orjson
import pytest

from daemon.sandbox.hh_errors import (
    Refusal,
    not_found,
    refuse,
    refuse_argument,
    refuse_bare,
    refuse_grant,
    refuse_negotiation,
    refuse_oauth,
)


def body_of(refusal: Refusal) -> dict[str, object]:
    return dict(orjson.loads(refusal.answer.body))


@pytest.mark.parametrize(
    ("value", "oauth_error"),
    [
        ("token_expired", "token-expired"),
        ("token_revoked", "token-revoked"),
        ("bad_authorization", "bad-auth-type"),
        ("application_not_found", "client-id-deleted"),
        ("no_scope", None),
        ("user_auth_expected", None),
    ],
)
def test_oauth_refusals_say_it_twice_where_documented(value: str, oauth_error: str | None):
    refusal = refuse_oauth(value)
    assert refusal.answer.status == 403
    assert body_of(refusal)["errors"] == [{"type": "oauth", "value": value}]
    assert body_of(refusal).get("oauth_error") == oauth_error


def test_bad_argument_is_said_in_three_ways():
    body = body_of(refuse_argument("area", reason="too_long_value"))
    assert body["errors"] == [{"type": "bad_argument", "value": "area", "reason": "too_long_value"}]
    assert body["bad_argument"] == "area"
    assert body["bad_arguments"][0]["name"] == "area"  # type: ignore[index]  # a list of dicts


def test_application_refusals_are_of_their_type():
    refusal = refuse_negotiation(400, "limit_exceeded")
    assert (refusal.answer.status, refusal.value) == (400, "limit_exceeded")
    assert body_of(refusal)["errors"] == [{"type": "negotiations", "value": "limit_exceeded"}]
    assert body_of(refusal)["description"] == "Bad Request"


def test_token_endpoint_has_a_style_of_its_own():
    refusal = refuse_grant("invalid_grant", "token not expired")
    assert body_of(refusal) == {"error": "invalid_grant", "error_description": "token not expired"}
    assert refusal.answer.status == 400
    assert refuse_grant("forbidden", "app token refresh too early", 403).answer.status == 403


def test_bare_refusal_has_no_body():
    assert (refuse_bare(403).answer.status, refuse_bare(403).answer.body) == (403, b"")


def test_not_found_has_no_value():
    assert not_found().answer.status == 404
    assert body_of(not_found())["errors"] == [{"type": "not_found"}]


def test_further_fields_come_along():
    assert body_of(refuse(403, "captcha_required", request_id="x"))["request_id"] == "x"
    assert body_of(refuse(418, "teapot"))["description"] == "Error"
