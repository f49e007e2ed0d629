"""Every documented error value has its row, and every row its meaning; what is not documented is unknown."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.boards.board import LETTER_REASONS, LOGIN_REASONS, SKIP_REASONS
from daemon.boards.hh.answers import ErrorBody
from daemon.boards.hh.refusals import (
    ARGUMENTS,
    NEGOTIATIONS,
    OAUTH,
    OAUTH_ERROR,
    OTHER_TYPES,
    TOKEN_ERRORS,
    TOKENS,
    UNKNOWN,
    Act,
    find_token_verdict,
    find_verdict,
)
from tests.daemon.boards.hh import bodies

# The enumerations of the official specification, applicant's part, as of 2026-11.
DOCUMENTED_NEGOTIATIONS = [
    "vacancy_not_found",
    "resume_not_found",
    "limit_exceeded",
    "resource_policy_violation",
    "inappropriate_language",
    "invalid_vacancy",
    "already_applied",
    "test_required",
    "resume_visibility_conflict",
    "edit_forbidden",
    "application_denied",
    "wrong_state",
    "empty_message",
    "too_long_message",
    "inappropriate_language_message",
    "resource_policy_violation_message",
    "address_not_found",
    "not_enough_purchased_services",
    "in_a_row_limit",
    "overall_limit",
    "no_invitation",
    "message_cannot_be_empty",
    "disabled_by_employer",
    "resume_deleted",
    "archived",
    "chat_archived",
    "topic_archived",
    "chat_is_not_ready",
    "topic_not_found",
]
DOCUMENTED_OAUTH = [
    "bad_authorization",
    "token_expired",
    "token_revoked",
    "application_not_found",
    "user_auth_expected",
    "application_auth_expected",
    "no_scope",
    "manager_extra_account_not_found",
    "used_manager_account_forbidden",
    "employer_on_additional_check_restricted",
]
DOCUMENTED_TOKENS = [
    *("account not found", "account is locked", "password invalidated", "login not verified", "bad redirect url"),
    *("token is empty", "token not found", "code not found", "client_id or client_secret not found"),
    *("app token refresh too early", "token has already been refreshed", "token not expired", "token was revoked"),
    *("bad token", "code has already been used", "code expired", "code was revoke", "token deactivated"),
    "unsupported grant_type",
]


def verdict(body: Any) -> tuple[Act, str]:
    found = find_verdict(ErrorBody.model_validate(body))
    return found.act, found.reason


def test_no_documented_value_is_missing() -> None:
    assert set(DOCUMENTED_NEGOTIATIONS) <= NEGOTIATIONS.keys()
    assert set(DOCUMENTED_OAUTH) <= OAUTH.keys()
    assert set(DOCUMENTED_TOKENS) == TOKENS.keys()


def test_every_reason_has_a_name_people_can_be_told() -> None:
    names = {Act.SKIP: SKIP_REASONS, Act.FIX_TEXT: LETTER_REASONS, Act.LOGIN_LOST: LOGIN_REASONS}
    tables = (NEGOTIATIONS, OAUTH, OAUTH_ERROR, ARGUMENTS, OTHER_TYPES, TOKENS, TOKEN_ERRORS)
    for row in (row for table in tables for row in table.values()):
        if row.act in names:
            assert row.reason in names[row.act]


@pytest.mark.parametrize(
    ("value", "act", "reason"),
    [
        ("already_applied", Act.DONE, ""),
        ("test_required", Act.SKIP, "test_required"),
        ("invalid_vacancy", Act.SKIP, "archived"),
        ("vacancy_not_found", Act.SKIP, "vacancy_gone"),
        ("application_denied", Act.SKIP, "application_denied"),
        ("resume_not_found", Act.RESUME_GONE, ""),
        ("limit_exceeded", Act.LIMIT, ""),
        ("empty_message", Act.FIX_TEXT, "empty_message"),
        ("too_long_message", Act.FIX_TEXT, "too_long_message"),
        ("inappropriate_language_message", Act.FIX_TEXT, "inappropriate_language"),
        ("resource_policy_violation", Act.FIX_TEXT, "resource_policy_violation"),
        ("invented_tomorrow", Act.UNKNOWN, ""),
        ("", Act.UNKNOWN, ""),
    ],
)
def test_refused_applications(value: str, act: Act, reason: str) -> None:
    assert verdict(bodies.error("negotiations", value)) == (act, reason)


@pytest.mark.parametrize(
    ("body", "act"),
    [
        (bodies.error("oauth", "token_expired"), Act.REFRESH),
        (bodies.error("oauth", "token_revoked", oauth_error="token-revoked"), Act.LOGIN_LOST),
        (bodies.error("oauth", "bad_authorization"), Act.LOGIN_LOST),
        (bodies.error("oauth", "no_scope"), Act.DOOR_CLOSED),
        (bodies.error("oauth", "user_auth_expected"), Act.DOOR_CLOSED),
        (bodies.error("forbidden"), Act.DOOR_CLOSED),
        ({"oauth_error": "token-expired"}, Act.REFRESH),
        ({"errors": None, "oauth_error": "token-revoked"}, Act.LOGIN_LOST),
        ({"errors": [], "oauth_error": "client-id-deleted"}, Act.DOOR_CLOSED),
        (bodies.error("oauth", "invented"), Act.UNKNOWN),
        (bodies.error("captcha_required", "captcha_required", captcha_url="https://x"), Act.CAPTCHA),
        (bodies.error("not_found"), Act.SKIP),
        (bodies.error("resumes", "view_limit_exceeded"), Act.TEMPORARY),
        (bodies.error("bad_user_agent", "blacklisted"), Act.TEMPORARY),
        (bodies.error("service_unavailable"), Act.UNKNOWN),
        (bodies.error("bad_argument", "vacancy_id", reason="invalid"), Act.SKIP),
        (bodies.error("bad_argument", "resume_id"), Act.RESUME_GONE),
        (bodies.error("bad_argument", "message", reason="too_long_value"), Act.FIX_TEXT),
        (bodies.error("bad_argument", "applicant_visibility_id"), Act.SKIP),
        ({"bad_argument": "vacancy_id"}, Act.SKIP),
        ({"bad_arguments": [{"name": "resume_id", "description": "…"}]}, Act.RESUME_GONE),
        (bodies.error("bad_request"), Act.UNKNOWN),
        (bodies.error("bad_json_data"), Act.UNKNOWN),
    ],
)
def test_other_refusals(body: Any, act: Act) -> None:
    assert verdict(body)[0] is act


def test_first_known_error_decides() -> None:
    errors = [{"type": "negotiations", "value": "invented"}, None, {"type": "negotiations", "value": "archived"}]
    assert verdict({"errors": [*errors, {"type": "negotiations", "value": "limit_exceeded"}]}) == (Act.SKIP, "archived")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"errors": "x"},
        {"errors": [3, None, []]},
        {"errors": [{"type": None, "value": {}}]},
        {"bad_arguments": [{}]},
    ],
)
def test_odd_bodies_are_unknown(body: Any) -> None:
    assert verdict(body) == (Act.UNKNOWN, "")


@pytest.mark.parametrize(
    ("error", "description", "act"),
    [
        ("invalid_grant", "token not expired", Act.STILL_VALID),
        ("invalid_grant", "token has already been refreshed", Act.LOGIN_LOST),
        ("invalid_grant", " Bad token ", Act.LOGIN_LOST),
        ("invalid_grant", "something new", Act.LOGIN_LOST),
        ("invalid_request", "account is locked", Act.LOGIN_LOST),
        ("invalid_request", "account not found", Act.DOOR_CLOSED),
        ("invalid_request", "bad redirect url", Act.DOOR_CLOSED),
        ("invalid_client", "", Act.DOOR_CLOSED),
        ("forbidden", "app token refresh too early", Act.TEMPORARY),
        ("invalid_request", "something new", Act.UNKNOWN),
        ("", "", Act.UNKNOWN),
    ],
)
def test_token_endpoint_refusals(error: str, description: str, act: Act) -> None:
    assert find_token_verdict(error, description).act is act


def test_wrong_settings_are_named_to_the_operator() -> None:
    assert "hh.client_id" in find_token_verdict("invalid_request", "account not found").reason
    assert "web.public_url" in find_token_verdict("invalid_request", "bad redirect url").reason
    assert find_token_verdict("x", "y") is UNKNOWN
