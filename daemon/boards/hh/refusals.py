"""Every error hh.ru documents, on one page, and what it means for us.

Sources: the applicant part of the official specification (`POST /negotiations` 400 and 403, the common 403 and 404,
`/oauth/token` 400) and, where marked, what maintainers confirmed in hhru/api issues. `api.py` asks `find_verdict`; an
error nobody listed is `UNKNOWN`: uncertain when it answers an application, temporary otherwise. Guessing "refused" for
an unknown answer would lose an application, guessing "sent" would invent one; asking the board afterwards does neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.boards.hh.answers import ErrorBody


class Act(Enum):
    """What to do about a refusal."""

    DONE = "done"
    """What was asked for exists already."""
    SKIP = "skip"
    """This vacancy never takes the application; `reason` is one of `SKIP_REASONS`."""
    LIMIT = "limit"
    CAPTCHA = "captcha"
    REFRESH = "refresh"
    LOGIN_LOST = "login_lost"
    """`reason` is one of `LOGIN_REASONS`."""
    DOOR_CLOSED = "door_closed"
    RESUME_GONE = "resume_gone"
    FIX_TEXT = "fix_text"
    """`reason` is one of `LETTER_REASONS`."""
    STILL_VALID = "still_valid"
    TEMPORARY = "temporary"
    """Surely not carried out; `reason` is said to the operator."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row of the table."""

    act: Act
    reason: str = ""


UNKNOWN = Verdict(Act.UNKNOWN)
_DENIED = Verdict(Act.SKIP, "application_denied")
_ARCHIVED = Verdict(Act.SKIP, "archived")
_CLOSED = Verdict(Act.DOOR_CLOSED)
_REVOKED = Verdict(Act.LOGIN_LOST, "revoked")
_OPERATOR = "the board does not know this application: check hh.client_id and hh.client_secret"

NEGOTIATIONS = {
    "already_applied": Verdict(Act.DONE),
    "test_required": Verdict(Act.SKIP, "test_required"),
    "invalid_vacancy": _ARCHIVED,
    "archived": _ARCHIVED,
    "vacancy_not_found": Verdict(Act.SKIP, "vacancy_gone"),
    "resume_visibility_conflict": Verdict(Act.SKIP, "resume_visibility_conflict"),
    "application_denied": _DENIED,
    "edit_forbidden": _DENIED,
    "address_not_found": _DENIED,
    "not_enough_purchased_services": _DENIED,
    "disabled_by_employer": _DENIED,
    "wrong_state": Verdict(Act.SKIP, "wrong_state"),
    "resume_not_found": Verdict(Act.RESUME_GONE),
    "resume_deleted": Verdict(Act.RESUME_GONE),
    "limit_exceeded": Verdict(Act.LIMIT),
    "empty_message": Verdict(Act.FIX_TEXT, "empty_message"),
    "message_cannot_be_empty": Verdict(Act.FIX_TEXT, "empty_message"),
    "too_long_message": Verdict(Act.FIX_TEXT, "too_long_message"),
    "inappropriate_language": Verdict(Act.FIX_TEXT, "inappropriate_language"),
    "inappropriate_language_message": Verdict(Act.FIX_TEXT, "inappropriate_language"),
    "resource_policy_violation": Verdict(Act.FIX_TEXT, "resource_policy_violation"),
    "resource_policy_violation_message": Verdict(Act.FIX_TEXT, "resource_policy_violation"),
    # Of a conversation that exists: there is an application behind it, but not one made now.
    "in_a_row_limit": Verdict(Act.SKIP, "wrong_state"),
    "overall_limit": Verdict(Act.SKIP, "wrong_state"),
    "no_invitation": Verdict(Act.SKIP, "wrong_state"),
    "chat_archived": Verdict(Act.SKIP, "wrong_state"),
    "topic_archived": Verdict(Act.SKIP, "wrong_state"),
    "topic_not_found": Verdict(Act.SKIP, "wrong_state"),
    "chat_is_not_ready": Verdict(Act.TEMPORARY, "the board is still making the conversation"),
    "employer_on_additional_check_restricted": _DENIED,
}
"""`errors[].value` of type `negotiations`."""

OAUTH = {
    "token_expired": Verdict(Act.REFRESH),
    "bad_authorization": _REVOKED,
    "token_revoked": _REVOKED,
    "application_not_found": _CLOSED,
    "user_auth_expected": _CLOSED,
    "application_auth_expected": _CLOSED,
    "no_scope": _CLOSED,
    "used_manager_account_forbidden": _CLOSED,
    "manager_extra_account_not_found": _CLOSED,
    "employer_on_additional_check_restricted": _CLOSED,
    "": _CLOSED,
}
"""`errors[].value` of the types `oauth`, `forbidden`, `manager_accounts`, `manager_extra_accounts`."""

OAUTH_ERROR = {
    "token-expired": Verdict(Act.REFRESH),
    "token-revoked": _REVOKED,
    "bad-auth-type": _CLOSED,
    "client-id-deleted": _CLOSED,
}
"""The older top-level `oauth_error`, looked at when `errors` says nothing."""

ARGUMENTS = {
    "vacancy_id": Verdict(Act.SKIP, "vacancy_gone"),
    "resume_id": Verdict(Act.RESUME_GONE),
    "message": Verdict(Act.FIX_TEXT, "too_long_message"),
    # Not documented: resumes of rabota.by ask for what the API has no field for (hhru/api#782).
    "applicant_visibility_id": Verdict(Act.SKIP, "needs_site"),
    "enable_applicant_visibility_in_country": Verdict(Act.SKIP, "needs_site"),
}
"""`errors[].value` of type `bad_argument`, or the older top-level `bad_argument`."""

OTHER_TYPES = {
    "captcha_required": Verdict(Act.CAPTCHA),
    "not_found": Verdict(Act.SKIP, "vacancy_gone"),
    "resumes": Verdict(Act.TEMPORARY, "too many views of resumes today"),
    "bad_user_agent": Verdict(Act.TEMPORARY, "the board does not accept the program's name: check hh.user_agent"),
    "service_unavailable": UNKNOWN,
}
"""`errors[].type` that need no value."""

TOKENS = {
    "token not expired": Verdict(Act.STILL_VALID),
    "token has already been refreshed": Verdict(Act.LOGIN_LOST, "refresh_lost"),
    "token was revoked": _REVOKED,
    "bad token": _REVOKED,
    "token deactivated": _REVOKED,  # the person changed the password
    "token is empty": _REVOKED,
    "token not found": _REVOKED,
    "code has already been used": Verdict(Act.LOGIN_LOST, "code_used"),
    "code expired": Verdict(Act.LOGIN_LOST, "code_expired"),
    "code was revoke": Verdict(Act.LOGIN_LOST, "code_expired"),
    "code not found": Verdict(Act.LOGIN_LOST, "code_expired"),
    "account is locked": Verdict(Act.LOGIN_LOST, "account_locked"),
    "password invalidated": Verdict(Act.LOGIN_LOST, "password_invalidated"),
    "login not verified": Verdict(Act.LOGIN_LOST, "login_not_verified"),
    "account not found": Verdict(Act.DOOR_CLOSED, _OPERATOR),  # of the application, not of a person
    "client_id or client_secret not found": Verdict(Act.DOOR_CLOSED, _OPERATOR),
    "bad redirect url": Verdict(Act.DOOR_CLOSED, "the return address is not the registered one: check web.public_url"),
    "unsupported grant_type": Verdict(Act.DOOR_CLOSED, "the board does not offer this kind of login"),
    "app token refresh too early": Verdict(Act.TEMPORARY, "the application token may be asked for every 5 minutes"),
}
"""`error_description` of the token endpoint (the documentation has stray blanks in some: compared stripped)."""

TOKEN_ERRORS = {
    "invalid_grant": _REVOKED,
    "invalid_client": Verdict(Act.DOOR_CLOSED, _OPERATOR),
    "unsupported_grant_type": Verdict(Act.DOOR_CLOSED, "the board does not offer this kind of login"),
}
"""`error` of the token endpoint, for descriptions nobody has listed yet."""

_OAUTH_TYPES = frozenset({"oauth", "forbidden", "manager_accounts", "manager_extra_accounts"})


def find_verdict(body: ErrorBody) -> Verdict:
    """What an error body means; the first of its errors that is known decides."""
    for error in body.errors:
        if (verdict := _look_up(error.type, error.value)) is not None:
            return verdict
    if (verdict := OAUTH_ERROR.get(body.oauth_error)) is not None:
        return verdict
    for name in (body.bad_argument, *(argument.name for argument in body.bad_arguments)):
        if (verdict := ARGUMENTS.get(name)) is not None:
            return verdict
    return UNKNOWN


def find_token_verdict(error: str, description: str) -> Verdict:
    """What a refusal of the token endpoint means."""
    return TOKENS.get(description.strip().lower()) or TOKEN_ERRORS.get(error.strip().lower()) or UNKNOWN


def _look_up(kind: str, value: str) -> Verdict | None:
    if kind == "negotiations":
        return NEGOTIATIONS.get(value)
    if kind in _OAUTH_TYPES:
        return OAUTH.get(value)
    if kind == "bad_argument":
        return ARGUMENTS.get(value)
    return OTHER_TYPES.get(kind)
