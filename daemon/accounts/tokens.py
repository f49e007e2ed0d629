"""TokenKeeper: a pair of tokens between the board and the store, sealed, and refreshed once.

A refresh token works once. Three rules follow, and every line here serves one of them: one refresh per account at a
time; that it began is on disk before it is asked for; the new pair is on disk before anybody uses it. What is left is
the instant between the board's answer and our write: a crash there loses the login, the next refresh is told "already
refreshed", and the person is asked to connect again.

Called by `board_session.py` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import orjson
import structlog
import trio

from daemon.accounts.account_lock import AccountLocks
from daemon.boards.board import BoardTrouble, LoginLost, TokenStillValid
from daemon.clock import SECOND
from daemon.patience import write_patiently
from daemon.secret import Secret
from daemon.supervisor.finishing import let_finish
from store.durable.ownership import Alone
from store.errors import Conflict, LeaseLost

if TYPE_CHECKING:
    from daemon.boards.board import TokenPair
    from daemon.boards.registry import BoardRegistry
    from daemon.clock import Clock
    from daemon.vault import Vault
    from store.ids import BoardName, UserId
    from store.store import Store
    from store.tables.board_accounts import BoardAccountRow
    from store.write import Write

log = structlog.get_logger(__name__)

CONNECTED = "connected"
LOST = "lost"
REFRESH_SECONDS = 8.0
LAST_SECONDS = 2.0
"""A refresh under way may go on for so long when its caller is cancelled, so that its answer is not thrown away."""
LEAST_REFRESH_SECONDS = 2.0
"""Where a store is shared, a refresh ends before another process may begin one."""


class Owner(Protocol):
    """`Ownership`: which people this process acts for."""

    def guard(self, user_id: UserId) -> Write:
        """Refuses a write with `LeaseLost` once another process acts for this person."""

    def claim_for(self, name: str, seconds: float, *, now: int) -> Write:
        """Something of nobody's that one process does at a time: `Conflict` while another has it."""

    async def wait_trust(self, user_id: UserId, seconds: float) -> float:
        """How long something outside may take now, at least `seconds`. Raises `LeaseLost`."""


@dataclass(frozen=True, slots=True)
class Login:
    """A login as the store has it, opened."""

    row: BoardAccountRow
    access_token: Secret
    refresh_token: Secret | None
    code_id: str
    """Names the code it was made with."""


class TokenKeeper:
    """Logins of people and of the application."""

    def __init__(
        self, store: Store, vault: Vault, boards: BoardRegistry, clock: Clock, owner: Owner | None = None
    ) -> None:
        """`owner`: who acts for whom; without it this process is alone on its store."""
        self._store = store
        self._owner = owner or Alone()
        self._vault = vault
        self._boards = boards
        self._clock = clock
        self.locks = AccountLocks()

    async def load(self, user_id: UserId, board: BoardName) -> Login | None:
        """The login that works, as far as we know."""
        row = await self._store.board_accounts.get(user_id, board)
        if row is None or row.state != CONNECTED:
            return None
        tokens = orjson.loads(await self._vault.open(user_id, _column(board), row.sealed_tokens))
        refresh_token = tokens.get("refresh")
        return Login(row, Secret(tokens["access"]), Secret(refresh_token) if refresh_token else None, tokens["code"])

    async def require(self, user_id: UserId, board: BoardName) -> Login:
        """The login that works. Raises `LoginLost`."""
        login = await self.load(user_id, board)
        if login is None:
            raise LoginLost("nobody is connected", reason="not_connected")
        return login

    async def connect(
        self, user_id: UserId, board: BoardName, pair: TokenPair, *, mode: str, code_id: str = ""
    ) -> None:
        """A new login, on disk before it is used: a store that is away is waited for, since its code works once."""
        now = self._clock.now()
        await write_patiently(
            self._store,
            self._owner.guard(user_id)
            + self._store.board_accounts.connect(
                user_id,
                board,
                state=CONNECTED,
                mode=mode,
                sealed_tokens=await self._seal(user_id, board, pair, code_id),
                expires_at=_expires_at(pair, now),
                external_id=None,
                now=now,
            ),
        )

    def is_over_time(self, login: Login) -> bool:
        """By our clock; the board has the last word."""
        return login.row.expires_at is not None and login.row.expires_at <= self._clock.now()

    async def refresh(self, user_id: UserId, board: BoardName, stale: Login) -> Login:
        """A login newer than `stale`; whoever comes second gets what the first one fetched. Raises `LoginLost`."""
        async with self.locks.hold((user_id, board)):
            login = await self.require(user_id, board)
            if login.access_token != stale.access_token:
                return login
            trusted = await self._owner.wait_trust(user_id, LEAST_REFRESH_SECONDS)
            seconds = min(REFRESH_SECONDS, trusted)
            return await let_finish(partial(self._refresh_within, seconds, login), LAST_SECONDS)

    async def lose(self, user_id: UserId, board: BoardName, lost: Login, reason: str) -> None:
        """Remembers that this login does not work any more, unless a newer one has taken its place."""
        async with self.locks.hold((user_id, board)):
            login = await self.load(user_id, board)
            if login is not None and login.access_token == lost.access_token:
                log.warning("login_lost", user_id=user_id, board=board, reason=reason)
                lose = self._store.board_accounts.set_state(user_id, board, LOST)
                await self._store.write(self._owner.guard(user_id) + lose)

    async def _refresh_within(self, seconds: float, login: Login) -> Login:
        try:
            with trio.fail_after(seconds):
                return await self._refresh(login)
        except trio.TooSlowError:
            # The answer may have been given: the next try will tell.
            raise BoardTrouble("the board did not answer a refresh in time") from None

    async def _refresh(self, login: Login) -> Login:
        row = login.row
        accounts = self._store.board_accounts
        if login.refresh_token is None:
            raise LoginLost("the board gave no refresh token")
        begin = accounts.begin_refresh(row.user_id, row.board, version=row.version, now=self._clock.now())
        await self._store.write(self._owner.guard(row.user_id) + begin)
        try:
            pair = await self._boards.get(row.board).refresh_tokens(login.refresh_token)
        except TokenStillValid:
            return await self._keep(login)
        sealed = await self._seal(row.user_id, row.board, pair, login.code_id)
        expires_at = _expires_at(pair, self._clock.now())
        # The old pair works no more. The shield around all of this says how long a store that is away is waited for.
        write = self._owner.guard(row.user_id) + accounts.store_tokens(
            row.user_id, row.board, version=row.version + 1, sealed_tokens=sealed, expires_at=expires_at
        )
        try:
            await write_patiently(self._store, write)
        except LeaseLost:
            raise
        except Conflict:  # an earlier try was carried out without a word: what stands there is read below
            log.info("login_saved_before", user_id=row.user_id, board=row.board)
        log.info("login_refreshed", user_id=row.user_id, board=row.board)
        return await self.require(row.user_id, row.board)

    async def _keep(self, login: Login) -> Login:
        # Our clock or a doubtful answer said "expired", the board says "not yet": the old pair goes on, and its time is
        # unknown, so that not every call begins with a refresh.
        row = login.row
        await self._store.write(
            self._owner.guard(row.user_id)
            + self._store.board_accounts.store_tokens(
                row.user_id,
                row.board,
                version=row.version + 1,
                sealed_tokens=row.sealed_tokens,
                expires_at=None,
            )
        )
        return await self.require(row.user_id, row.board)

    async def _seal(self, user_id: UserId, board: BoardName, pair: TokenPair, code_id: str) -> str:
        refresh_token = pair.refresh_token.reveal() if pair.refresh_token else None
        tokens = {"access": pair.access_token.reveal(), "refresh": refresh_token, "code": code_id}
        return await self._vault.seal(user_id, _column(board), orjson.dumps(tokens).decode())


def _column(board: BoardName) -> str:
    return f"board_accounts.sealed_tokens/{board}"


def _expires_at(pair: TokenPair, now: int) -> int | None:
    return None if pair.expires_in_seconds is None else now + pair.expires_in_seconds * SECOND
