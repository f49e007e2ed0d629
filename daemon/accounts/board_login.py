"""BoardLogin: from "connect" to the first pair of tokens, across two programs, a browser and any crash between.

The state in the login's address is random, bound to a person, good for fifteen minutes and for one return. The code the
browser brings is sealed and on disk, as an event in the person's lane, before it is used; a code works once, so a
dialog that was killed after the exchange and asks again is told what the first exchange brought.

A captcha's way back goes through the same door with a state of its own: who returns with it has solved theirs, and
their hunt goes on.

Called through `BoardSessions`.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, urlencode, urlsplit

from daemon.accounts.return_address import ReturnRejected, parse_address, read_return, return_url
from daemon.boards.board import DoorClosed, LoginLost
from daemon.clock import DAY, MINUTE
from store.ids import BoardName
from store.tables.oauth_states import OauthStateRow
from store.write import NOTHING

if TYPE_CHECKING:
    from daemon.accounts.return_address import ReturnAddress
    from daemon.accounts.tokens import TokenKeeper
    from daemon.boards.registry import BoardRegistry
    from daemon.clock import Clock
    from daemon.vault import Vault
    from store.ids import UserId
    from store.store import Store
    from store.write import Write

STATE_LIVES_MS = 15 * MINUTE
CAPTCHA_LIVES_MS = DAY
RETURNED = "board_returned"
"""The inbox event: `{board, sealed_code, error}`, one of the last two null."""

_STATE_BYTES = 24
_CAPTCHA = "captcha:"
"""Before a board's name, in the state of a way back from its captcha."""

_UNPROBED = "assisted"
"""Until the probe has shown more, nothing is applied for."""


@dataclass(frozen=True, slots=True)
class LoginOutcome:
    """How a login ended."""

    kind: Literal["connected", "lost", "closed"]
    """`lost`: the person must try again (`reason`: one of `LOGIN_REASONS`); `closed`: the board knows no such login."""
    mode: str = _UNPROBED
    reason: str = ""

    @property
    def is_connected(self) -> bool:
        """Whether there is a login now."""
        return self.kind == "connected"

    def with_mode(self, mode: str) -> LoginOutcome:
        """The same, and what it may do."""
        return replace(self, mode=mode)


class BoardLogin:
    """Logins under way."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        boards: BoardRegistry,
        clock: Clock,
        *,
        tokens: TokenKeeper,
        public_url: str,
    ) -> None:
        self._store = store
        self._vault = vault
        self._boards = boards
        self._clock = clock
        self._tokens = tokens
        self._public_url = public_url

    async def begin(self, user_id: UserId, board: BoardName) -> tuple[str, Write]:
        """The login page for this person, and the state that must be on disk before they see it."""
        state = secrets.token_urlsafe(_STATE_BYTES)
        row = OauthStateRow(state, user_id, board, self._clock.now() + STATE_LIVES_MS)
        url = self._boards.get(board).authorize_url(state, return_url(self._public_url, board))
        return url, self._store.oauth_states.insert(row)

    def parse(self, text: str, board: BoardName) -> ReturnAddress:
        """The return in a pasted text."""
        return parse_address(text, return_url(self._public_url, board))

    async def claim(self, state: str, code: str | None, error: str | None, *, by: UserId | None) -> Write:
        """State used, event in the lane. The write itself fails with `Conflict` for the second of two at once."""
        address = read_return(state, code, error)
        now = self._clock.now()
        row = _check_state(await self._store.oauth_states.get(address.state), by, now)
        if row.board.startswith(_CAPTCHA):
            return self._store.oauth_states.use(address.state, now=now) + await self._go_on(row.user_id)
        sealed = None if address.code is None else await self._vault.seal(row.user_id, _column(row.board), address.code)
        payload = {
            "event": RETURNED,
            "data": {"board": row.board, "sealed_code": sealed, "error": address.error},
            "user_id": row.user_id,
        }
        event = self._store.queues.put("inbox", f"oauth:{address.state}", row.user_id, payload, now=now)
        return self._store.oauth_states.use(address.state, now=now) + event

    async def add_way_back(self, user_id: UserId, board: BoardName, url: str) -> str:
        """A captcha's address that leads back here; one that has a way back already stays as it is."""
        if "backurl=" in url:
            return url
        state = secrets.token_urlsafe(_STATE_BYTES)
        captcha = BoardName(f"{_CAPTCHA}{board}")
        row = OauthStateRow(state, user_id, captcha, self._clock.now() + CAPTCHA_LIVES_MS)
        await self._store.write(self._store.oauth_states.insert(row))
        back = f"{return_url(self._public_url, board)}?{urlencode({'state': state, 'code': 'captcha'})}"
        return f"{url}{'&' if urlsplit(url).query else '?'}backurl={quote(back, safe='')}"

    async def _go_on(self, user_id: UserId) -> Write:
        hunt = await self._store.hunts.get(user_id)
        is_waiting = hunt is not None and hunt.rest_reason == "captcha"
        return self._store.hunts.wake_up(user_id) if is_waiting else NOTHING

    async def finish(self, user_id: UserId, board: BoardName, sealed_code: str) -> LoginOutcome:
        """The code's pair, stored. Temporary troubles of the board are raised: the code may still be good."""
        code = await self._vault.open(user_id, _column(board), sealed_code)
        code_id = hashlib.sha256(code.encode()).hexdigest()
        async with self._tokens.locks.hold((user_id, board)):
            login = await self._tokens.load(user_id, board)
            if login is not None and login.code_id == code_id:
                return LoginOutcome("connected", login.row.mode)
            try:
                pair = await self._boards.get(board).exchange_code(code, return_url(self._public_url, board))
            except LoginLost as lost:
                return LoginOutcome("lost", reason=lost.reason)
            except DoorClosed as closed:
                return LoginOutcome("closed", reason=str(closed))
            # A running hunt looks at the account meanwhile: what the last probe found holds until the next one.
            before = await self._store.board_accounts.get(user_id, board)
            mode = before.mode if before is not None else _UNPROBED
            await self._tokens.connect(user_id, board, pair, mode=mode, code_id=code_id)
        return LoginOutcome("connected", mode)


def _check_state(row: OauthStateRow | None, by: UserId | None, now: int) -> OauthStateRow:
    if row is None:
        raise ReturnRejected("unknown_state")
    if by is not None and by != row.user_id:
        raise ReturnRejected("other_person")
    if row.used_at is not None:
        raise ReturnRejected("already_used")
    if row.expires_at <= now:
        raise ReturnRejected("too_late")
    return row


def _column(board: BoardName) -> str:
    return f"inbox.sealed_code/{board}"
