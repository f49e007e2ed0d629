"""BoardSessions: whoever needs a token asks here, and never sees one outlive its call.

`call` hands a living token to a piece of work, refreshes once when the board says it has expired, and remembers a login
that is gone. The login itself (the page, the return, the first pair) is `board_login.py`; how a pair is kept and
refreshed is `tokens.py`. Called by the bot's scripts, the web door (returns), and every hunt.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

import structlog
import trio

from daemon.accounts.board_circuit import BoardCircuits
from daemon.accounts.board_login import BoardLogin, LoginOutcome
from daemon.accounts.tokens import TokenKeeper
from daemon.boards.board import (
    BoardBusy,
    BoardError,
    BoardTrouble,
    CaptchaRequired,
    DoorClosed,
    LoginExpired,
    LoginLost,
)
from daemon.clock import MINUTE, SECOND
from daemon.secret import Secret, SharedSecret
from daemon.supervisor.dependency import ORDINARY, Dependencies
from store.durable.ownership import Alone
from store.errors import Conflict
from store.ids import UserId
from store.write import NOTHING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from daemon.accounts.return_address import ReturnAddress
    from daemon.accounts.tokens import Login, Owner
    from daemon.boards.registry import BoardRegistry
    from daemon.clock import Clock
    from daemon.supervisor.dependency import DependencyPolicy
    from daemon.vault import Vault
    from store.ids import BoardName
    from store.store import Store
    from store.tables.board_accounts import BoardAccountRow
    from store.write import Write

T = TypeVar("T")
log = structlog.get_logger(__name__)

APPLICATION = UserId(0)
AUTO = "auto"
ASSISTED = "assisted"
_APPLICATION_TOKEN_MS = 5 * MINUTE
"""The board gives its application a token once in five minutes, and a new one revokes the old."""

_REVOKE_SECONDS = 5.0
_FETCH_SECONDS = 10.0
"""Longer than it takes, and short enough to wait for where the process that began it has died."""


class BoardSessions:
    """Logins at boards: of people, and of this application."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        boards: BoardRegistry,
        clock: Clock,
        public_url: str,
        *,
        owner: Owner | None = None,
        dependencies: Dependencies | None = None,
        circuit: DependencyPolicy = ORDINARY,
    ) -> None:
        """`owner`: who acts for whom; without it this process is alone on its store."""
        self._store = store
        self._boards = boards
        self._circuits = BoardCircuits(dependencies or Dependencies(random.Random()), circuit)
        self._clock = clock
        self._owner = owner or Alone()
        self._tokens = TokenKeeper(store, vault, boards, clock, self._owner)
        self._login = BoardLogin(store, vault, boards, clock, tokens=self._tokens, public_url=public_url)

    async def begin_login(self, user_id: UserId, board: BoardName) -> tuple[str, Write]:
        """The address for the person's browser, and what must be written before it is shown."""
        return await self._login.begin(user_id, board)

    def parse_return_address(self, text: str, board: BoardName | None = None) -> ReturnAddress:
        """The return in a pasted text. Raises `ReturnRejected`."""
        return self._login.parse(text, board or self._boards.names[0])

    async def claim_return(
        self, state: str, code: str | None = None, error: str | None = None, *, by: UserId | None = None
    ) -> Write:
        """State used and `board_returned` in the person's lane, in one write. Raises `ReturnRejected`.

        `by` is who pasted it; the web door does not know and leaves it out.
        """
        return await self._login.claim(state, code, error, by=by)

    async def finish_login(self, user_id: UserId, board: BoardName, sealed_code: str) -> LoginOutcome:
        """Turns the code into a login and finds out what it may do. Asked again with the same code: same outcome."""
        outcome = await self._login.finish(user_id, board, sealed_code)
        if not outcome.is_connected:
            return outcome
        try:
            return outcome.with_mode(await self.probe(user_id, board))
        except LoginLost as lost:
            return LoginOutcome("lost", reason=lost.reason)

    async def account(self, user_id: UserId, board: BoardName) -> BoardAccountRow | None:
        """The account's row: `state` (connected | lost), `mode` (auto | assisted)."""
        return await self._store.board_accounts.get(user_id, board)

    async def call(self, user_id: UserId, board: BoardName, work: Callable[[Secret], Awaitable[T]]) -> T:
        """Work in a person's name. Raises what `work` raises, and `LoginLost` when nobody is connected any more.

        A captcha's address gets its way back: it ends in `claim_return`, and the hunt that waits for it goes on.

        `work` may run twice, with the old token and with a new one: the board has refused the first try whole. It does
        not run at all while the board is down for everybody (`BoardResting`).
        """
        return await self._circuits.call(board, user_id, lambda: self._call(user_id, board, work))

    def rests_for(self, user_id: UserId, board: BoardName) -> float:
        """Seconds for which it is no use to call; 0: it may be tried. Another answer each time, so that crowds part."""
        return self._circuits.get(board).refusal(user_id)

    async def _call(self, user_id: UserId, board: BoardName, work: Callable[[Secret], Awaitable[T]]) -> T:
        login = await self._tokens.require(user_id, board)
        try:
            if self._tokens.is_over_time(login):
                login = await self._tokens.refresh(user_id, board, login)
            try:
                return await work(login.access_token)
            except LoginExpired:
                login = await self._tokens.refresh(user_id, board, login)
            try:
                return await work(login.access_token)
            except LoginExpired:
                raise BoardTrouble("the board calls a fresh token expired") from None
        except LoginLost as lost:
            await self._tokens.lose(user_id, board, login, lost.reason)
            raise
        except CaptchaRequired as captcha:
            raise CaptchaRequired(await self._login.add_way_back(user_id, board, captcha.url)) from None

    async def probe(self, user_id: UserId, board: BoardName) -> str:
        """What the board lets this login do: `auto`, or `assisted` when it refuses the person or their resumes.

        Applying itself can't be tried without applying: whoever gets `DoorClosed` there calls `note_assisted`.
        """
        adapter = self._boards.get(board)
        mode = ASSISTED
        external_id = ""
        try:
            identity = await self.call(user_id, board, adapter.fetch_identity)
            external_id = identity.external_id
            if identity.is_applicant and adapter.capabilities.can_apply:
                await self.call(user_id, board, adapter.list_resumes)
                mode = AUTO
        except CaptchaRequired:
            # No refusal: the hunt meets it again and hands the person the way to solve it.
            mode = AUTO
        except DoorClosed:
            log.info("board_refuses_applicants", user_id=user_id, board=board)
        accounts = self._store.board_accounts
        naming = accounts.set_external_id(user_id, board, external_id) if external_id else NOTHING
        await self._store.write(self._owner.guard(user_id) + accounts.set_mode(user_id, board, mode) + naming)
        return mode

    def note_assisted(self, user_id: UserId, board: BoardName) -> Write:
        """The board takes no applications of this account by its interface."""
        return self._store.board_accounts.set_mode(user_id, board, ASSISTED)

    async def application_call(self, board: BoardName, work: Callable[[Secret], Awaitable[T]]) -> T:
        """Work in the application's own name: search without a person's login."""
        return await self._circuits.call(board, None, lambda: self._application_call(board, work))

    async def _application_call(self, board: BoardName, work: Callable[[Secret], Awaitable[T]]) -> T:
        login = await self._tokens.load(APPLICATION, board) or await self._fetch_application_token(board, None)
        try:
            return await work(SharedSecret.of(login.access_token))
        except (LoginExpired, LoginLost):
            login = await self._fetch_application_token(board, login)
        try:
            return await work(SharedSecret.of(login.access_token))
        except (LoginExpired, LoginLost):
            raise BoardTrouble("the board refuses the token it has just given") from None

    async def log_out(self, user_id: UserId, board: BoardName) -> None:
        """Revokes the login at the board, as far as it can be reached, and forgets it here in any case."""
        try:
            with trio.move_on_after(_REVOKE_SECONDS):
                await self.call(user_id, board, self._boards.get(board).revoke_token)
        except BoardError as error:
            # The token dies by itself in two weeks; the person's wish to be forgotten does not wait for the board.
            log.info("login_not_revoked", user_id=user_id, board=board, error=type(error).__name__)
        await self._store.write(self._owner.guard(user_id) + self._store.board_accounts.delete(user_id, board))

    async def _fetch_application_token(self, board: BoardName, stale: Login | None) -> Login:
        async with self._tokens.locks.hold((APPLICATION, board)):
            login = await self._tokens.load(APPLICATION, board)
            if login is not None and (stale is None or login.access_token != stale.access_token):
                return login
            now = self._clock.now()
            if login is not None and (wait := login.row.connected_at + _APPLICATION_TOKEN_MS - now) > 0:
                raise BoardBusy("the application's token is too new to be replaced", retry_after_seconds=wait / SECOND)
            try:
                await self._store.write(self._owner.claim_for(f"application:{board}", _FETCH_SECONDS, now=now))
            except Conflict:
                raise BoardBusy(
                    "another process fetches the application's token", retry_after_seconds=_FETCH_SECONDS / 5
                ) from None
            pair = await self._boards.get(board).fetch_application_token()
            await self._tokens.connect(APPLICATION, board, pair, mode=AUTO)
            return await self._tokens.require(APPLICATION, board)
