"""The simulated board's codes and tokens: the grants, their rules, their ends.

What shaped it: a refresh token works once and only after its access token has expired. A daemon that dies between the
board's answer and its own disk has lost that login, here as at the real board.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from daemon.clock import SECOND
from daemon.sandbox.hh_errors import refuse, refuse_grant, refuse_oauth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.sandbox.hh_state import HhState


@dataclass(slots=True)
class Code:
    """An authorization code."""

    person_id: str
    redirect_uri: str
    issued_at: int
    is_used: bool = False
    is_revoked: bool = False


@dataclass(slots=True)
class Grant:
    """An access token; `person_id` None: the application's own, which does not expire."""

    access_token: str
    refresh_token: str | None
    person_id: str | None
    expires_at: int | None
    is_revoked: bool = False
    is_refreshed: bool = False
    is_deactivated: bool = False


def is_same_door(registered: str, given: str) -> bool:
    """Sub-domain, path and parameters may differ from the registered address; scheme, host and port may not."""
    try:
        ours, theirs = urlsplit(registered), urlsplit(given)
        ports = (ours.port, theirs.port)
    except ValueError:
        return False
    host, other = ours.hostname or "", theirs.hostname or ""
    is_host_same = host == other or other.endswith(f".{host}")
    return bool(host) and ours.scheme == theirs.scheme and ports[0] == ports[1] and is_host_same


class Tokens:
    """All codes and tokens ever given."""

    def __init__(self, state: HhState) -> None:
        self._state = state
        self._codes: dict[str, Code] = {}
        self._grants: dict[str, Grant] = {}
        self._by_refresh: dict[str, Grant] = {}
        self._application_token_at: int | None = None

    def accepts_redirect(self, address: str) -> bool:
        """Whether a person's browser may be sent there."""
        registered = self._state.rules.redirect_uri
        return not registered or is_same_door(registered, address)

    def issue_code(self, person_id: str, redirect_uri: str) -> str:
        """A code for a person who let the application in."""
        code = self._state.new_secret(64)
        self._codes[code] = Code(person_id, redirect_uri, self._state.clock.now())
        self._state.log("code_issued", at=self._state.clock.now(), user=person_id)
        return code

    def authenticate(self, access_token: str) -> Grant:
        """Whose token this is; refuses what is not alive."""
        if self._state.switches.is_client_deleted:
            raise refuse_oauth("application_not_found")
        grant = self._grants.get(access_token)
        if grant is None:
            raise refuse_oauth("bad_authorization")
        if grant.is_revoked or grant.is_deactivated:
            raise refuse_oauth("token_revoked")
        if self._is_expired(grant):
            raise refuse_oauth("token_expired")
        return grant

    def answer_grant(self, form: Mapping[str, str]) -> dict[str, object]:
        """`POST /token`: the body of a good answer; refuses in OAuth's style."""
        match form.get("grant_type"):
            case "authorization_code":
                self._check_client(form)
                return self._exchange_code(form)
            case "refresh_token":
                return self._refresh(form)
            case "client_credentials":
                self._check_client(form)
                return self._issue_application_token()
            case None | "":
                raise refuse_grant("invalid_request", "grant_type is empty")
            case _:
                raise refuse_grant("unsupported_grant_type", "unsupported grant_type")

    def revoke(self, access_token: str) -> None:
        """`DELETE /oauth/token`: only with a person's living token."""
        grant = self.authenticate(access_token)
        if grant.person_id is None:
            raise refuse_oauth("user_auth_expected")
        grant.is_revoked = True
        self._state.log("token_revoked", at=self._state.clock.now(), user=grant.person_id)

    def revoke_person(self, person_id: str, *, is_password_changed: bool = False) -> None:
        """All tokens of a person end, as after a login by one-time password or a changed password."""
        for grant in self._grants.values():
            if grant.person_id == person_id:
                grant.is_deactivated = grant.is_deactivated or is_password_changed
                grant.is_revoked = grant.is_revoked or not is_password_changed
        for code in self._codes.values():
            code.is_revoked = code.is_revoked or code.person_id == person_id

    def expire_person(self, person_id: str) -> None:
        """The access tokens of a person are over their time, now."""
        for grant in self._grants.values():
            if grant.person_id == person_id and grant.expires_at is not None:
                grant.expires_at = min(grant.expires_at, self._state.clock.now())

    def _is_expired(self, grant: Grant) -> bool:
        return grant.expires_at is not None and self._state.clock.now() >= grant.expires_at

    def _check_client(self, form: Mapping[str, str]) -> None:
        rules = self._state.rules
        if self._state.switches.is_client_deleted:
            raise refuse_grant("invalid_client", "client deleted")
        if not form.get("client_id") or not form.get("client_secret"):
            raise refuse_grant("invalid_client", "client_id or client_secret not found")
        if (form["client_id"], form["client_secret"]) != (rules.client_id, rules.client_secret):
            raise refuse_grant("invalid_request", "account not found")

    def _check_account(self, person_id: str) -> None:
        trouble = self._state.switches.account_trouble.get(person_id)
        if trouble:
            raise refuse_grant("invalid_request", trouble)

    def _exchange_code(self, form: Mapping[str, str]) -> dict[str, object]:
        code = self._codes.get(form.get("code", ""))
        if code is None:
            raise refuse_grant("invalid_request", "code not found")
        if code.is_used:
            raise refuse_grant("invalid_grant", "code has already been used")
        if code.is_revoked:
            raise refuse_grant("invalid_grant", "code was revoke")
        if self._state.clock.now() >= code.issued_at + self._state.rules.code_seconds * SECOND:
            raise refuse_grant("invalid_grant", "code expired")
        given = form.get("redirect_uri", "")
        if given and (given != code.redirect_uri or not self.accepts_redirect(given)):
            raise refuse_grant("invalid_request", "bad redirect url")
        self._check_account(code.person_id)
        code.is_used = True
        return self._issue_pair(code.person_id)

    def _refresh(self, form: Mapping[str, str]) -> dict[str, object]:
        token = form.get("refresh_token", "")
        if not token:
            raise refuse_grant("invalid_request", "token is empty")
        if token in self._grants:
            raise refuse_grant("invalid_grant", "bad token")
        grant = self._by_refresh.get(token)
        if grant is None or grant.person_id is None:
            raise refuse_grant("invalid_request", "token not found")
        self._check_refreshable(grant)
        self._check_account(grant.person_id)
        grant.is_refreshed = True
        self._state.log("token_refreshed", at=self._state.clock.now(), user=grant.person_id)
        return self._issue_pair(grant.person_id)

    def _check_refreshable(self, grant: Grant) -> None:
        if grant.is_refreshed:
            raise refuse_grant("invalid_grant", "token has already been refreshed")
        if grant.is_revoked:
            raise refuse_grant("invalid_grant", "token was revoked")
        if grant.is_deactivated:
            raise refuse_grant("invalid_grant", "token deactivated")
        if not self._is_expired(grant):
            raise refuse_grant("invalid_grant", "token not expired")

    def _issue_pair(self, person_id: str) -> dict[str, object]:
        life = self._state.rules.access_token_seconds
        now = self._state.clock.now()
        access, refresh = f"USER{self._state.new_secret(60)}", self._state.new_secret(64)
        grant = Grant(access, refresh, person_id, now + round(life * SECOND))
        self._grants[access] = self._by_refresh[refresh] = grant
        self._state.log("token_issued", at=now, user=person_id)
        return {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": round(life),
            "refresh_token": refresh,
        }

    def _issue_application_token(self) -> dict[str, object]:
        now = self._state.clock.now()
        pause = self._state.rules.app_token_pause_seconds * SECOND
        if self._application_token_at is not None and now < self._application_token_at + pause:
            raise refuse_grant("forbidden", "app token refresh too early", 403)
        for grant in self._grants.values():
            grant.is_revoked = grant.is_revoked or grant.person_id is None
        self._application_token_at = now
        access = f"APPL{self._state.new_secret(60)}"
        self._grants[access] = Grant(access, None, None, None)
        self._state.log("application_token_issued", at=now)
        return {"access_token": access, "token_type": "bearer"}


def bearer_of(headers: Mapping[str, str]) -> str | None:
    """The token of a request; None without one. Another kind of authorization is refused."""
    value = headers.get("authorization", "")
    if not value:
        return None
    kind, _, token = value.partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise refuse(403, "oauth", "bad_authorization", oauth_error="bad-auth-type")
    return token.strip()
