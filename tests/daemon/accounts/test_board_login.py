"""From "connect" to the first pair: a state for one person and one return, a code on disk before it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import trio

from daemon.accounts.return_address import ReturnRejected
from daemon.boards.board import BoardTrouble, CaptchaRequired, DoorClosed
from daemon.vault import VaultError
from store.errors import Conflict
from store.ids import BoardName, UserId
from store.tables.hunts import HuntRow
from tests.daemon.accounts.conftest import PUBLIC_URL
from tests.daemon.accounts.logins import begin, log_in

if TYPE_CHECKING:
    from trio.testing import MockClock

    from daemon.accounts.board_session import BoardSessions
    from daemon.vault import Vault
    from store.store import Store
    from tests.fakes.board import FakeBoard

IVAN, ANNA, HH = UserId(42), UserId(43), BoardName("hh")
CAPTCHA = "https://board.example/account/captcha?state=abc"


async def rejected(sessions: BoardSessions, state: str, code: str | None = "code", by: UserId | None = None) -> str:
    with pytest.raises(ReturnRejected) as caught:
        await sessions.claim_return(state, code, by=by)
    return caught.value.reason


async def test_link_leads_to_the_board_and_back(store: Store, sessions: BoardSessions) -> None:
    url, write = await sessions.begin_login(IVAN, HH)
    query = parse_qs(urlsplit(url).query)
    assert query["redirect_uri"] == [f"{PUBLIC_URL}/oauth/hh/callback"]
    assert await store.oauth_states.get(query["state"][0]) is None, "nothing before it is written"
    await store.write(write)
    row = await store.oauth_states.get(query["state"][0])
    assert row is not None
    assert (row.user_id, row.board, row.used_at) == (IVAN, HH, None)


async def test_states_are_not_to_be_guessed(store: Store, sessions: BoardSessions) -> None:
    states = {await begin(store, sessions, IVAN, HH) for _ in range(20)}
    assert len(states) == 20
    assert min(map(len, states)) >= 32


async def test_return_becomes_an_event_in_the_persons_lane(store: Store, sessions: BoardSessions) -> None:
    state = await begin(store, sessions, IVAN, HH)
    await store.write(await sessions.claim_return(state, "canary-code"))
    (item,) = await store.queues.waiting("inbox", IVAN, limit=10)
    assert item.key == f"oauth:{state}"
    assert (item.payload["event"], item.payload["user_id"]) == ("board_returned", IVAN)
    assert item.payload["data"]["error"] is None
    assert item.payload["data"]["board"] == "hh"
    assert "canary-code" not in str(item.payload), "a code at rest is sealed"


async def test_refusal_becomes_an_event_too(store: Store, sessions: BoardSessions) -> None:
    state = await begin(store, sessions, IVAN, HH)
    await store.write(await sessions.claim_return(state, None, "access_denied"))
    (item,) = await store.queues.waiting("inbox", IVAN, limit=10)
    assert item.payload["data"] == {"board": "hh", "sealed_code": None, "error": "access_denied"}


async def test_state_works_once(store: Store, sessions: BoardSessions) -> None:
    state = await begin(store, sessions, IVAN, HH)
    await store.write(await sessions.claim_return(state, "code"))
    assert await rejected(sessions, state) == "already_used"


async def test_of_two_returns_at_once_one_wins(store: Store, sessions: BoardSessions) -> None:
    state = await begin(store, sessions, IVAN, HH)
    first = await sessions.claim_return(state, "code-a")
    second = await sessions.claim_return(state, "code-b")
    await store.write(first)
    with pytest.raises(Conflict):
        await store.write(second)
    assert len(await store.queues.waiting("inbox", IVAN, limit=10)) == 1


async def test_state_is_good_for_fifteen_minutes(
    autojump_clock: MockClock, store: Store, sessions: BoardSessions
) -> None:
    early, late = [await begin(store, sessions, IVAN, HH) for _ in range(2)]
    await trio.sleep(14 * 60)
    await store.write(await sessions.claim_return(early, "code"))
    await trio.sleep(61)
    assert await rejected(sessions, late) == "too_late"


async def test_strange_states_are_refused(store: Store, sessions: BoardSessions) -> None:
    assert await rejected(sessions, "made-up") == "unknown_state"
    assert await rejected(sessions, "") == "no_state"
    assert await rejected(sessions, await begin(store, sessions, IVAN, HH), code=None) == "no_code"


async def test_somebody_elses_address_is_refused(store: Store, sessions: BoardSessions) -> None:
    state = await begin(store, sessions, IVAN, HH)
    assert await rejected(sessions, state, by=ANNA) == "other_person"
    await store.write(await sessions.claim_return(state, "code", by=IVAN))


async def test_pasted_address_goes_the_same_way(store: Store, sessions: BoardSessions) -> None:
    state = await begin(store, sessions, IVAN, HH)
    address = sessions.parse_return_address(f"вот: {PUBLIC_URL}/oauth/hh/callback?code=code-ivan&state={state}")
    await store.write(await sessions.claim_return(address.state, address.code, address.error, by=IVAN))
    (item,) = await store.queues.waiting("inbox", IVAN, limit=10)
    outcome = await sessions.finish_login(IVAN, HH, item.payload["data"]["sealed_code"])
    assert outcome.is_connected


async def test_code_of_another_person_does_not_open(store: Store, sessions: BoardSessions) -> None:
    state = await begin(store, sessions, IVAN, HH)
    await store.write(await sessions.claim_return(state, "code-ivan"))
    (item,) = await store.queues.waiting("inbox", IVAN, limit=10)
    await log_in(store, sessions, ANNA, HH)
    with pytest.raises(VaultError):
        await sessions.finish_login(ANNA, HH, item.payload["data"]["sealed_code"])


async def test_login_finished_twice_exchanges_once(
    store: Store, sessions: BoardSessions, board: FakeBoard, vault: Vault
) -> None:
    sealed = await vault.seal(IVAN, "inbox.sealed_code/hh", "code-ivan")
    first = await sessions.finish_login(IVAN, HH, sealed)
    again = await sessions.finish_login(IVAN, HH, sealed)
    assert (first.kind, again.kind) == ("connected", "connected")
    assert board.calls.count("exchange_code") == 1


async def test_used_up_code_asks_for_another_try(sessions: BoardSessions, board: FakeBoard, vault: Vault) -> None:
    await board.exchange_code("code-ivan", "http://x")
    outcome = await sessions.finish_login(IVAN, HH, await vault.seal(IVAN, "inbox.sealed_code/hh", "code-ivan"))
    assert (outcome.kind, outcome.reason) == ("lost", "code_used")
    assert await sessions.account(IVAN, HH) is None


async def test_board_in_trouble_keeps_the_code(sessions: BoardSessions, board: FakeBoard, vault: Vault) -> None:
    sealed = await vault.seal(IVAN, "inbox.sealed_code/hh", "code-ivan")
    board.fail_next("exchange_code", BoardTrouble())
    with pytest.raises(BoardTrouble):
        await sessions.finish_login(IVAN, HH, sealed)
    assert (await sessions.finish_login(IVAN, HH, sealed)).is_connected


async def test_board_that_does_not_know_us_is_closed(sessions: BoardSessions, board: FakeBoard, vault: Vault) -> None:
    board.fail_next("exchange_code", DoorClosed("check hh.client_id"))
    outcome = await sessions.finish_login(IVAN, HH, await vault.seal(IVAN, "inbox.sealed_code/hh", "code-ivan"))
    assert (outcome.kind, outcome.reason) == ("closed", "check hh.client_id")


async def test_second_login_keeps_what_the_first_ones_probe_found(store: Store, sessions: BoardSessions) -> None:
    await log_in(store, sessions, IVAN, HH)
    await store.write(store.board_accounts.set_mode(IVAN, HH, "auto"))
    assert (await log_in(store, sessions, IVAN, HH)).mode == "auto"
    row = await store.board_accounts.get(IVAN, HH)
    assert row is not None
    assert row.mode == "auto", "a hunt that looks before the next probe must not hand vacancies over"


async def test_second_login_takes_the_place_of_the_first(
    store: Store, sessions: BoardSessions, board: FakeBoard
) -> None:
    await log_in(store, sessions, IVAN, HH)
    board.revoke_all()
    await log_in(store, sessions, IVAN, HH)
    assert await sessions.call(IVAN, HH, board.list_resumes)


async def captcha_of(store: Store, sessions: BoardSessions, board: FakeBoard, url: str = CAPTCHA) -> str:
    """The captcha's address as the hunt gets it."""
    if await sessions.account(IVAN, HH) is None:
        await log_in(store, sessions, IVAN, HH)
    board.fail_next("list_resumes", CaptchaRequired(url))
    with pytest.raises(CaptchaRequired) as caught:
        await sessions.call(IVAN, HH, board.list_resumes)
    return caught.value.url


def way_back_in(url: str) -> dict[str, str]:
    back = parse_qs(urlsplit(url).query)["backurl"][0]
    assert back.startswith(f"{PUBLIC_URL}/oauth/hh/callback?")
    return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}


async def rest(store: Store, reason: str) -> None:
    row = HuntRow(IVAN, HH, "running", "person", "", 1, "auto", "python", None, "", 1, 0, "rest")
    await store.write(store.hunts.insert_new(row) + store.hunts.rest(IVAN, 99, reason, "https://x"))


async def test_captchas_link_leads_back_to_its_person(store: Store, sessions: BoardSessions, board: FakeBoard) -> None:
    url = await captcha_of(store, sessions, board)
    assert url.startswith(f"{CAPTCHA}&backurl=")
    assert set(way_back_in(url)) == {"state", "code"}
    assert way_back_in(url) != way_back_in(await captcha_of(store, sessions, board))
    bare = await captcha_of(store, sessions, board, "https://board.example/captcha")
    assert bare.startswith("https://board.example/captcha?backurl=")


async def test_link_that_leads_back_already_stays(store: Store, sessions: BoardSessions, board: FakeBoard) -> None:
    url = f"{CAPTCHA}&backurl=https%3A%2F%2Ft.me%2Fbot"
    assert await captcha_of(store, sessions, board, url) == url


async def test_hunt_goes_on_when_its_captcha_is_solved(store: Store, sessions: BoardSessions, board: FakeBoard) -> None:
    back = way_back_in(await captcha_of(store, sessions, board))
    await rest(store, "captcha")
    await store.write(await sessions.claim_return(back["state"], back["code"]))
    hunt = await store.hunts.get(IVAN)
    assert hunt is not None
    assert (hunt.rests_until, hunt.rest_reason) == (None, None)
    assert await store.queues.waiting("inbox", IVAN, limit=10) == [], "no dialog waits for it"
    assert await rejected(sessions, back["state"]) == "already_used"


async def test_hunt_that_rests_for_another_reason_rests_on(
    store: Store, sessions: BoardSessions, board: FakeBoard
) -> None:
    back = way_back_in(await captcha_of(store, sessions, board))
    await rest(store, "limit")
    await store.write(await sessions.claim_return(back["state"], back["code"]))
    hunt = await store.hunts.get(IVAN)
    assert hunt is not None
    assert hunt.rest_reason == "limit"


async def test_captcha_solved_after_the_hunt_was_deleted_changes_nothing(
    store: Store, sessions: BoardSessions, board: FakeBoard
) -> None:
    back = way_back_in(await captcha_of(store, sessions, board))
    await store.write(await sessions.claim_return(back["state"], back["code"]))
    assert await store.hunts.get(IVAN) is None


async def test_captcha_may_be_solved_the_same_day(
    autojump_clock: MockClock, store: Store, sessions: BoardSessions, board: FakeBoard
) -> None:
    back = way_back_in(await captcha_of(store, sessions, board))
    await trio.sleep(23 * 3600)
    await store.write(await sessions.claim_return(back["state"], back["code"]))
