"""hh.ru's tokens: the page where a person lets us in, and the three ways to get a pair.

Called by `board.py` only. A refresh token works once, and only after its access token has expired; who may refresh,
and when the pair is stored, is decided in `accounts/board_session.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from daemon.boards.board import BoardTrouble, DoorClosed, TokenPair
from daemon.boards.hh.answers import TokenBody
from daemon.boards.hh.mapping import Unreadable, read_body
from daemon.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.boards.hh.api import HhApi
    from daemon.config import HhSettings


class HhOauth:
    """The board's authorisation server."""

    def __init__(self, api: HhApi, settings: HhSettings) -> None:
        self._api = api
        self._site_url = settings.site_url.rstrip("/")
        self._client_id = settings.client_id
        self._client_secret = settings.client_secret

    def authorize_url(self, state: str, return_url: str) -> str:
        """Page at which the person lets us in."""
        query = urlencode(
            {"response_type": "code", "client_id": self._client_id, "state": state, "redirect_uri": return_url}
        )
        return f"{self._site_url}/oauth/authorize?{query}"

    async def exchange_code(self, code: str, return_url: str) -> TokenPair:
        """Turns a code into a pair; a code works once."""
        fields = {"grant_type": "authorization_code", "redirect_uri": return_url, "code": code, **self._client()}
        return await self._fetch_pair(fields)

    async def refresh_tokens(self, refresh_token: Secret) -> TokenPair:
        """A new pair; no client id or secret is sent."""
        return await self._fetch_pair({"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()})

    async def fetch_application_token(self) -> TokenPair:
        """The application's own token. Asking again revokes the one before."""
        return await self._fetch_pair({"grant_type": "client_credentials", **self._client()})

    async def revoke_token(self, access_token: Secret) -> None:
        """Ends a login; works only while the token is valid."""
        await self._api.delete("/oauth/token", access_token)

    def _client(self) -> Mapping[str, str]:
        if not self._client_id or self._client_secret is None:
            raise DoorClosed("no application is registered: set hh.client_id and hh.client_secret")
        return {"client_id": self._client_id, "client_secret": self._client_secret.reveal()}

    async def _fetch_pair(self, fields: Mapping[str, str]) -> TokenPair:
        try:
            body = read_body(TokenBody, await self._api.fetch_tokens(fields))
        except Unreadable as error:
            raise BoardTrouble(f"the board's tokens can't be read: {error}") from None
        if not body.access_token:
            raise BoardTrouble("the board gave an empty token")
        refresh_token = Secret(body.refresh_token) if body.refresh_token else None
        return TokenPair(Secret(body.access_token), refresh_token, body.expires_in)
