"""A refresh token works once: what is on disk at every step, and what each crash and doubt costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from daemon.accounts.tokens import LAST_SECONDS, TokenKeeper
from daemon.boards.board import BoardTrouble, LoginLost, TokenPair, TokenStillValid
from daemon.main import STOP_SECONDS
from daemon.secret import Secret
from store.errors import LeaseLost, StoreUnavailable
from store.ids import BoardName, UserId
from tests.daemon.accounts.logins import log_in
from tests.fakes.owners import seize

if TYPE_CHECKING:
    from trio.testing import MockClock

    from daemon.accounts.board_session import BoardSessions
    from daemon.boards.registry import BoardRegistry
    from daemon.clock import TrioClock
    from daemon.vault import Vault
    from store.store import Store
    from store.tables.board_accounts import BoardAccountRow
    from store.write import Write
    from tests.fakes.board import FakeBoard

IVAN, HH = UserId(42), BoardName("hh")


async def row_of(store: Store) -> BoardAccountRow:
    row = await store.board_accounts.get(IVAN, HH)
    assert row is not None
    return row


async def test_tokens_at_rest_are_sealed(store: Store, sessions: BoardSessions) -> None:
    await log_in(store, sessions, IVAN, HH)
    row = await row_of(store)
    assert "access-" not in row.sealed_tokens
    assert "refresh-" not in row.sealed_tokens


async def test_intent_is_on_disk_before_the_board_is_asked(
    autojump_clock: MockClock, store: Store, sessions: BoardSessions, board: FakeBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log_in(store, sessions, IVAN, HH)
    board.expire_tokens()
    seen: list[int | None] = []
    refresh = board.refresh_tokens

    async def watch(refresh_token: Secret) -> TokenPair:
        seen.append((await row_of(store)).refresh_began_at)
        return await refresh(refresh_token)

    monkeypatch.setattr(board, "refresh_tokens", watch)
    await sessions.call(IVAN, HH, board.list_resumes)
    assert len(seen) == 1
    assert seen[0] is not None


async def test_new_pair_is_on_disk_before_it_is_used(
    autojump_clock: MockClock, store: Store, sessions: BoardSessions, board: FakeBoard
) -> None:
    await log_in(store, sessions, IVAN, HH)
    before = await row_of(store)
    board.expire_tokens()

    async def work(token: Secret) -> None:
        row = await row_of(store)
        if row.sealed_tokens != before.sealed_tokens:
            assert row.refresh_began_at is None
            assert row.version == before.version + 2
            return
        await board.list_resumes(token)

    await sessions.call(IVAN, HH, work)
    assert (await row_of(store)).sealed_tokens != before.sealed_tokens


async def test_cancelled_caller_does_not_throw_the_new_pair_away(
    autojump_clock: MockClock, store: Store, sessions: BoardSessions, board: FakeBoard
) -> None:
    await log_in(store, sessions, IVAN, HH)
    board.expire_tokens()
    board.delay_seconds = 2
    with trio.move_on_after(3) as scope:  # in the middle of the refresh
        await sessions.call(IVAN, HH, board.list_resumes)
    assert scope.cancelled_caught
    board.delay_seconds = 0
    assert await sessions.call(IVAN, HH, board.list_resumes)
    assert board.calls.count("refresh_tokens") == 1


async def test_hanging_refresh_lets_go(
    autojump_clock: MockClock, store: Store, sessions: BoardSessions, board: FakeBoard
) -> None:
    await log_in(store, sessions, IVAN, HH)
    await trio.sleep(board.token_seconds + 1)
    board.delay_seconds = 3600
    started = trio.current_time()
    with pytest.raises(BoardTrouble, match="in time"):
        await sessions.call(IVAN, HH, board.list_resumes)
    assert trio.current_time() - started < 10
    board.delay_seconds = 0
    assert await sessions.call(IVAN, HH, board.list_resumes)


async def test_silent_board_does_not_hold_up_a_stop(
    autojump_clock: MockClock, store: Store, sessions: BoardSessions, board: FakeBoard
) -> None:
    await log_in(store, sessions, IVAN, HH)
    await trio.sleep(board.token_seconds + 1)
    board.delay_seconds = 3600
    started = trio.current_time()
    with trio.move_on_after(1) as scope:  # in the middle of the refresh
        await sessions.call(IVAN, HH, board.list_resumes)
    assert scope.cancelled_caught
    # Less than a layer of the daemon waits for its children.
    assert trio.current_time() - started <= 1 + LAST_SECONDS < STOP_SECONDS


async def test_crash_between_answer_and_write_loses_the_login_with_its_reason(
    autojump_clock: MockClock, store: Store, sessions: BoardSessions, board: FakeBoard
) -> None:
    await log_in(store, sessions, IVAN, HH)
    board.expire_tokens()
    login = await sessions._tokens.require(IVAN, HH)
    assert login.refresh_token is not None
    await store.write(store.board_accounts.begin_refresh(IVAN, HH, version=login.row.version, now=1))
    await board.refresh_tokens(login.refresh_token)  # answered, and the process dies here
    with pytest.raises(LoginLost) as caught:
        await sessions.call(IVAN, HH, board.list_resumes)
    assert caught.value.reason in {"refresh_lost", "revoked"}
    assert (await row_of(store)).state == "lost"


async def test_crash_before_the_request_costs_nothing(
    autojump_clock: MockClock, store: Store, sessions: BoardSessions, board: FakeBoard
) -> None:
    await log_in(store, sessions, IVAN, HH)
    board.expire_tokens()
    await store.write(store.board_accounts.begin_refresh(IVAN, HH, version=(await row_of(store)).version, now=1))
    assert await sessions.call(IVAN, HH, board.list_resumes)


async def test_token_not_expired_means_use_the_old_one(
    autojump_clock: MockClock, store: Store, sessions: BoardSessions, board: FakeBoard
) -> None:
    await log_in(store, sessions, IVAN, HH)
    await trio.sleep(board.token_seconds + 1)
    for login in board._logins.values():  # the board's clock is behind ours
        login.expires_at += 3600
    board.calls.clear()
    assert await sessions.call(IVAN, HH, board.list_resumes)
    assert await sessions.call(IVAN, HH, board.list_resumes)
    assert board.calls.count("refresh_tokens") == 1
    assert (await row_of(store)).refresh_began_at is None


async def test_board_in_trouble_leaves_the_login_as_it_was(
    autojump_clock: MockClock, store: Store, sessions: BoardSessions, board: FakeBoard
) -> None:
    await log_in(store, sessions, IVAN, HH)
    board.expire_tokens()
    board.fail_next("refresh_tokens", BoardTrouble(), BoardTrouble())
    for _ in range(2):
        with pytest.raises(BoardTrouble):
            await sessions.call(IVAN, HH, board.list_resumes)
    assert await sessions.call(IVAN, HH, board.list_resumes)


async def test_login_without_refresh_token_is_lost_at_its_end(
    store: Store, vault: Vault, boards: BoardRegistry, clock: TrioClock, board: FakeBoard
) -> None:
    keeper = TokenKeeper(store, vault, boards, clock)
    await keeper.connect(IVAN, HH, TokenPair(board.make_token(), None, 10), mode="auto")
    login = await keeper.require(IVAN, HH)
    with pytest.raises(LoginLost):
        await keeper.refresh(IVAN, HH, login)


async def test_answer_token_still_valid_keeps_tokens_and_forgets_their_time(
    store: Store, vault: Vault, boards: BoardRegistry, clock: TrioClock, board: FakeBoard
) -> None:
    keeper = TokenKeeper(store, vault, boards, clock)
    await keeper.connect(IVAN, HH, TokenPair(Secret("a"), Secret("r"), 10), mode="auto", code_id="c")
    board.fail_next("refresh_tokens", TokenStillValid())
    kept = await keeper.refresh(IVAN, HH, await keeper.require(IVAN, HH))
    assert (kept.access_token.reveal(), kept.code_id, kept.row.expires_at) == ("a", "c", None)
    assert not keeper.is_over_time(kept)


async def test_former_owner_writes_nothing_about_a_login(
    autojump_clock: MockClock, store: Store, vault: Vault, boards: BoardRegistry, clock: TrioClock, board: FakeBoard
) -> None:
    own = await seize(store, "boot-1")
    keeper = TokenKeeper(store, vault, boards, clock, own)
    await keeper.connect(IVAN, HH, TokenPair(Secret("a"), Secret("r"), 10), mode="auto", code_id="c")
    login, before = await keeper.require(IVAN, HH), await row_of(store)
    await seize(store, "boot-2")
    for attempt in (
        lambda: keeper.connect(IVAN, HH, TokenPair(Secret("b"), Secret("r"), 10), mode="auto"),
        lambda: keeper.refresh(IVAN, HH, login),
        lambda: keeper.lose(IVAN, HH, login, "gone"),
    ):
        with pytest.raises(LeaseLost):
            await attempt()
    assert await row_of(store) == before
    assert board.calls.count("refresh_tokens") == 0


async def test_refresh_ends_before_another_process_may_begin_one(
    autojump_clock: MockClock, store: Store, vault: Vault, boards: BoardRegistry, clock: TrioClock, board: FakeBoard
) -> None:
    own = await seize(store, "boot-1")
    keeper = TokenKeeper(store, vault, boards, clock, own)
    await keeper.connect(IVAN, HH, TokenPair(Secret("a"), Secret("r"), 10), mode="auto")
    login = await keeper.require(IVAN, HH)
    await trio.sleep(8)
    board.delay_seconds = 60
    began = trio.current_time()
    with pytest.raises(BoardTrouble):
        await keeper.refresh(IVAN, HH, login)
    assert trio.current_time() - began == pytest.approx(4)
    with pytest.raises(LeaseLost):
        await keeper.refresh(IVAN, HH, login)


def refuse_writes(
    store: Store, monkeypatch: pytest.MonkeyPatch, table: str, times: int, *, is_done: bool = False
) -> None:
    """The next writes to this table, so many, are refused; or carried out and said to be refused."""
    write, left = store.write, times

    async def refuse(value: Write) -> None:
        nonlocal left
        if left and any(table in statement.sql for statement in value.statements):
            left -= 1
            if is_done:
                await write(value)
            raise StoreUnavailable
        await write(value)

    monkeypatch.setattr(store, "write", refuse)


async def test_new_login_waits_for_room_on_the_disk(
    autojump_clock: MockClock, store: Store, sessions: BoardSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_writes(store, monkeypatch, "board_accounts", 30)
    await log_in(store, sessions, IVAN, HH)
    assert (await row_of(store)).state == "connected"


@pytest.mark.parametrize(("times", "is_done"), [(5, False), (1, True)])
async def test_pair_that_finds_no_room_is_not_thrown_away(
    autojump_clock: MockClock,
    store: Store,
    sessions: BoardSessions,
    board: FakeBoard,
    monkeypatch: pytest.MonkeyPatch,
    times: int,
    is_done: bool,
) -> None:
    await log_in(store, sessions, IVAN, HH)
    board.expire_tokens()
    refuse_writes(store, monkeypatch, "sealed_tokens", times, is_done=is_done)
    await sessions.call(IVAN, HH, board.list_resumes)
    assert (await row_of(store)).state == "connected"
