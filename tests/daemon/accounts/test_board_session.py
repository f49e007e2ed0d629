"""Calls in somebody's name: refreshed once, lost once, and the application's own token every five minutes at most."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import trio

from daemon.accounts.board_session import APPLICATION, BoardSessions
from daemon.boards.board import (
    BoardBusy,
    BoardTrouble,
    CaptchaRequired,
    DoorClosed,
    LoginExpired,
    LoginLost,
    SearchQuery,
)
from daemon.secret import Secret, SharedSecret
from store.ids import BoardName, UserId
from tests.daemon.accounts.logins import log_in
from tests.fakes.board import make_vacancy
from tests.fakes.owners import seize

if TYPE_CHECKING:
    from trio.testing import MockClock

    from daemon.boards.registry import BoardRegistry
    from daemon.clock import TrioClock
    from daemon.vault import Vault
    from store.store import Store
    from tests.conftest import Logged
    from tests.fakes.board import FakeBoard

IVAN, HH = UserId(42), BoardName("hh")
ANYTHING = SearchQuery("Python")


async def test_call_gets_the_token_of_its_person(store: Store, sessions: BoardSessions, board: FakeBoard) -> None:
    await log_in(store, sessions, IVAN, HH)
    identity = await sessions.call(IVAN, HH, board.fetch_identity)
    assert identity.is_applicant


async def test_call_of_a_stranger_is_lost(sessions: BoardSessions, board: FakeBoard) -> None:
    with pytest.raises(LoginLost) as caught:
        await sessions.call(IVAN, HH, board.fetch_identity)
    assert caught.value.reason == "not_connected"
    assert board.calls == []


async def test_token_over_time_is_refreshed_before_the_call(
    autojump_clock: MockClock, store: Store, sessions: BoardSessions, board: FakeBoard
) -> None:
    await log_in(store, sessions, IVAN, HH)
    await trio.sleep(board.token_seconds + 1)
    board.calls.clear()
    await sessions.call(IVAN, HH, board.list_resumes)
    assert board.calls == ["refresh_tokens", "list_resumes"]


async def test_token_the_board_calls_expired_is_refreshed_and_work_runs_again(
    autojump_clock: MockClock, store: Store, sessions: BoardSessions, board: FakeBoard
) -> None:
    await log_in(store, sessions, IVAN, HH)
    board.expire_tokens()
    board.calls.clear()
    await sessions.call(IVAN, HH, board.list_resumes)
    assert board.calls == ["list_resumes", "refresh_tokens", "list_resumes"]
    row = await sessions.account(IVAN, HH)
    assert row is not None
    assert row.refresh_began_at is None


async def test_parallel_callers_wait_for_one_refresh(
    autojump_clock: MockClock, store: Store, sessions: BoardSessions, board: FakeBoard
) -> None:
    await log_in(store, sessions, IVAN, HH)
    board.expire_tokens()
    board.delay_seconds = 0.3
    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(sessions.call, IVAN, HH, board.list_resumes)
    assert board.calls.count("refresh_tokens") == 1
    assert len(sessions._tokens.locks) == 0


async def test_board_that_calls_a_fresh_token_expired_is_in_trouble(
    autojump_clock: MockClock, store: Store, sessions: BoardSessions, board: FakeBoard
) -> None:
    await log_in(store, sessions, IVAN, HH)
    board.expire_tokens()
    board.fail_next("list_resumes", LoginExpired(), LoginExpired())
    with pytest.raises(BoardTrouble):
        await sessions.call(IVAN, HH, board.list_resumes)
    assert await sessions.call(IVAN, HH, board.list_resumes)


async def test_lost_login_is_remembered_and_not_tried_again(
    store: Store, sessions: BoardSessions, board: FakeBoard
) -> None:
    await log_in(store, sessions, IVAN, HH)
    board.revoke_all()
    with pytest.raises(LoginLost):
        await sessions.call(IVAN, HH, board.list_resumes)
    row = await sessions.account(IVAN, HH)
    assert row is not None
    assert row.state == "lost"
    board.calls.clear()
    with pytest.raises(LoginLost):
        await sessions.call(IVAN, HH, board.list_resumes)
    assert board.calls == []


async def test_login_lost_by_an_old_call_does_not_hurt_the_new_one(
    store: Store, sessions: BoardSessions, board: FakeBoard
) -> None:
    await log_in(store, sessions, IVAN, HH)

    async def work(token: Secret) -> None:
        await log_in(store, sessions, IVAN, HH)
        raise LoginLost

    with pytest.raises(LoginLost):
        await sessions.call(IVAN, HH, work)
    assert await sessions.call(IVAN, HH, board.list_resumes)


async def test_other_refusals_pass_through(store: Store, sessions: BoardSessions, board: FakeBoard) -> None:
    await log_in(store, sessions, IVAN, HH)
    for error in (DoorClosed(), BoardTrouble(), CaptchaRequired("https://board.example/captcha")):
        board.fail_next("list_resumes", error)
        with pytest.raises(type(error)):
            await sessions.call(IVAN, HH, board.list_resumes)
    assert await sessions.call(IVAN, HH, board.list_resumes)


async def test_probe_finds_an_open_board(store: Store, sessions: BoardSessions) -> None:
    outcome = await log_in(store, sessions, IVAN, HH)
    assert (outcome.kind, outcome.mode) == ("connected", "auto")
    row = await sessions.account(IVAN, HH)
    assert row is not None
    assert (row.mode, row.state) == ("auto", "connected")
    assert row.external_id


@pytest.mark.parametrize("door", ["fetch_identity", "list_resumes"])
async def test_probe_finds_a_closed_door(store: Store, sessions: BoardSessions, board: FakeBoard, door: str) -> None:
    board.close_door(door)
    outcome = await log_in(store, sessions, IVAN, HH)
    assert (outcome.kind, outcome.mode) == ("connected", "assisted")


async def test_captcha_at_the_probe_is_no_refusal(store: Store, sessions: BoardSessions, board: FakeBoard) -> None:
    board.fail_next("list_resumes", CaptchaRequired("https://board.example/captcha"))
    assert (await log_in(store, sessions, IVAN, HH)).mode == "auto"


async def test_trouble_at_the_probe_keeps_the_login(store: Store, sessions: BoardSessions, board: FakeBoard) -> None:
    board.fail_next("fetch_identity", BoardTrouble())
    with pytest.raises(BoardTrouble):
        await log_in(store, sessions, IVAN, HH)
    assert await sessions.probe(IVAN, HH) == "auto"


async def test_login_lost_at_the_probe_is_an_outcome(store: Store, sessions: BoardSessions, board: FakeBoard) -> None:
    board.fail_next("fetch_identity", LoginLost(reason="account_locked"))
    outcome = await log_in(store, sessions, IVAN, HH)
    assert (outcome.kind, outcome.reason) == ("lost", "account_locked")


async def test_noted_assisted_stays(store: Store, sessions: BoardSessions) -> None:
    await log_in(store, sessions, IVAN, HH)
    await store.write(sessions.note_assisted(IVAN, HH))
    row = await sessions.account(IVAN, HH)
    assert row is not None
    assert row.mode == "assisted"


async def test_application_token_is_fetched_once(
    autojump_clock: MockClock, sessions: BoardSessions, board: FakeBoard
) -> None:
    board.add(make_vacancy())
    board.delay_seconds = 0.1
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(sessions.application_call, HH, lambda token: board.search(token, ANYTHING))
    assert board.calls.count("fetch_application_token") == 1
    assert board.calls.count("search") == 5


async def test_application_token_refused_early_waits_out_the_five_minutes(
    autojump_clock: MockClock, sessions: BoardSessions, board: FakeBoard
) -> None:
    await sessions.application_call(HH, lambda token: board.search(token, ANYTHING))
    await trio.sleep(100)
    board.revoke_all()
    with pytest.raises(BoardBusy) as caught:
        await sessions.application_call(HH, lambda token: board.search(token, ANYTHING))
    assert caught.value.retry_after_seconds == pytest.approx(200, abs=1)
    await trio.sleep(201)
    assert await sessions.application_call(HH, lambda token: board.search(token, ANYTHING))
    assert board.calls.count("fetch_application_token") == 2


async def test_application_token_refused_when_new_is_trouble(
    autojump_clock: MockClock, sessions: BoardSessions, board: FakeBoard
) -> None:
    await sessions.application_call(HH, lambda token: board.search(token, ANYTHING))
    await trio.sleep(301)
    board.fail_next("search", LoginLost(), LoginLost())
    with pytest.raises(BoardTrouble):
        await sessions.application_call(HH, lambda token: board.search(token, ANYTHING))


async def test_application_token_is_known_to_be_shared(store: Store, sessions: BoardSessions) -> None:
    await log_in(store, sessions, IVAN, HH)

    async def kind_of(token: Secret) -> type:
        await trio.lowlevel.checkpoint()
        return type(token)

    assert await sessions.application_call(HH, kind_of) is SharedSecret
    assert await sessions.call(IVAN, HH, kind_of) is Secret


async def test_application_account_is_nobodys(sessions: BoardSessions, board: FakeBoard, store: Store) -> None:
    await sessions.application_call(HH, lambda token: board.search(token, ANYTHING))
    row = await store.board_accounts.get(APPLICATION, HH)
    assert row is not None
    assert row.expires_at is None or row.expires_at > 0


async def test_log_out_revokes_and_forgets(store: Store, sessions: BoardSessions, board: FakeBoard) -> None:
    await log_in(store, sessions, IVAN, HH)
    await sessions.log_out(IVAN, HH)
    assert board.calls[-1] == "revoke_token"
    assert await sessions.account(IVAN, HH) is None


@pytest.mark.parametrize("error", [BoardTrouble(), DoorClosed(), LoginLost()])
async def test_log_out_forgets_even_when_the_board_refuses(
    store: Store, sessions: BoardSessions, board: FakeBoard, error: Exception
) -> None:
    await log_in(store, sessions, IVAN, HH)
    board.fail_next("revoke_token", error)
    await sessions.log_out(IVAN, HH)
    assert await sessions.account(IVAN, HH) is None


async def test_log_out_does_not_wait_for_a_hanging_board(
    autojump_clock: MockClock, store: Store, sessions: BoardSessions, board: FakeBoard
) -> None:
    await log_in(store, sessions, IVAN, HH)
    board.delay_seconds = 3600
    started = trio.current_time()
    await sessions.log_out(IVAN, HH)
    assert trio.current_time() - started < 10
    assert await sessions.account(IVAN, HH) is None


async def test_no_token_is_ever_logged(
    autojump_clock: MockClock, store: Store, sessions: BoardSessions, board: FakeBoard, logged: Logged
) -> None:
    await log_in(store, sessions, IVAN, HH)
    board.expire_tokens()
    await sessions.call(IVAN, HH, board.list_resumes)
    board.close_door("list_resumes")
    await sessions.probe(IVAN, HH)
    board.fail_next("revoke_token", BoardTrouble("access-1 refresh-1"))
    await sessions.log_out(IVAN, HH)
    await log_in(store, sessions, IVAN, HH)
    board.revoke_all()
    with pytest.raises(LoginLost):
        await sessions.call(IVAN, HH, board.fetch_identity)
    told = {line["event"] for line in logged}
    assert told >= {"login_refreshed", "board_refuses_applicants", "login_not_revoked", "login_lost"}
    assert not re.search(r"access-|refresh-\d|code-", repr(logged))


async def test_application_token_is_fetched_by_one_process_at_a_time(
    autojump_clock: MockClock, store: Store, vault: Vault, boards: BoardRegistry, clock: TrioClock, board: FakeBoard
) -> None:
    first, second = [
        BoardSessions(store, vault, boards, clock, "http://127.0.0.1:8080", owner=await seize(store, f"boot-{number}"))
        for number in (1, 2)
    ]
    board.delay_seconds = 1.0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(first.application_call, HH, lambda token: board.search(token, ANYTHING))
        await trio.sleep(0.5)
        with pytest.raises(BoardBusy, match="another process"):
            await second.application_call(HH, lambda token: board.search(token, ANYTHING))
    await second.application_call(HH, lambda token: board.search(token, ANYTHING))
    assert board.calls.count("fetch_application_token") == 1
