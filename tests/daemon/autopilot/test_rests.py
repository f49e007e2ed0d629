"""Rests: what a refusal means for the whole hunt, and the way back from a captcha."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio

from daemon.autopilot.hunt import open_hunt
from daemon.autopilot.rests import find_reading_rest, find_rest
from daemon.boards.board import (
    BoardBusy,
    BoardTrouble,
    CaptchaRequired,
    DoorClosed,
    LimitReached,
    LoginLost,
    ResumeGone,
)
from daemon.clock import DAY, HOUR, SECOND
from tests.fakes.board import make_vacancy
from tests.fakes.hunting import HH, IVAN

if TYPE_CHECKING:
    from trio.testing import MockClock

    from daemon.autopilot.hunt import Hunt
    from tests.fakes.hunting import HuntGround


async def ready_hunt(ground: HuntGround) -> Hunt:
    await ground.settle()
    hunt = await open_hunt(ground.tools, IVAN)
    assert hunt is not None
    return hunt


@pytest.mark.parametrize(
    ("error", "reason", "said"),
    [
        (CaptchaRequired("https://board.example/c"), "captcha", "captcha"),
        (LimitReached(), "limit_reached", "limit"),
        (LoginLost(), "login_lost", None),
        (DoorClosed(), "door_closed", "door_closed"),
        (ResumeGone(), "resume_gone", "resume_gone"),
        (BoardTrouble(), "board_trouble", None),
        (BoardBusy(), "board_trouble", None),
    ],
)
async def test_each_refusal_has_reason_and_word_said_once(
    ground: HuntGround, autojump_clock: MockClock, error: Any, reason: str, said: str | None
) -> None:
    hunt = await ready_hunt(ground)
    rest = find_rest(hunt, error)
    assert rest.reason == reason
    for _ in range(2):
        await ground.store.write(find_rest(hunt, error).write)
    assert await ground.said() == ([said] if said else [])


async def test_board_is_left_alone_as_long_as_it_asks(ground: HuntGround, autojump_clock: MockClock) -> None:
    hunt = await ready_hunt(ground)
    rest = find_rest(hunt, BoardBusy(retry_after_seconds=60))
    assert 60 * SECOND <= rest.changes["trouble_until"] - hunt.now() <= 72 * SECOND
    assert rest.changes["troubles"] == 1


async def test_limit_without_applications_of_ours_rests_a_day(ground: HuntGround, autojump_clock: MockClock) -> None:
    hunt = await ready_hunt(ground)
    await ground.store.write(find_rest(hunt, LimitReached()).write)
    row = await ground.store.hunts.get(IVAN)
    assert row is not None
    assert row.rests_until == hunt.now() + DAY


async def test_limit_rests_until_the_board_s_oldest_of_the_day_leaves_the_window(
    ground: HuntGround, autojump_clock: MockClock
) -> None:
    hunt = await ready_hunt(ground)
    by_hand = hunt.now() - 17 * HOUR
    made_at = (hunt.now() - HOUR, by_hand, hunt.now() - DAY, hunt.now() - 3 * DAY)
    await ground.store.write(find_rest(hunt, LimitReached(made_at)).write)
    row = await ground.store.hunts.get(IVAN)
    assert row is not None
    assert row.rests_until == by_hand + DAY


@pytest.mark.parametrize("error", [DoorClosed(), LimitReached(), BoardTrouble()])
async def test_reading_that_fails_always_waits(ground: HuntGround, autojump_clock: MockClock, error: Any) -> None:
    rest = find_reading_rest(await ready_hunt(ground), error)
    assert rest.reason == "board_trouble"
    assert rest.changes["trouble_until"] > ground.tools.clock.now()


async def test_closed_search_does_not_spin(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1"))
    ground.board.close_door("search")
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(3600)
    assert ground.board.calls.count("search") < 40
    account = await ground.store.board_accounts.get(IVAN, HH)
    assert account is not None
    assert account.mode == "auto", "a shut search says nothing about applications"


async def test_captcha_that_searches_meet_again_and_again_does_not_nag(
    ground: HuntGround, autojump_clock: MockClock
) -> None:
    ground.board.add(make_vacancy("1"))
    ground.board.fail_next("search", *(CaptchaRequired(f"https://board.example/c?state={n}") for n in range(60)))
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(60 * 600 * 0.9)
    assert 2 <= (await ground.said()).count("captcha") <= 8


async def test_first_search_past_a_captcha_goes_on_however_long_it_took(
    ground: HuntGround, autojump_clock: MockClock
) -> None:
    ground.board.add(make_vacancy("1"))
    ground.board.fail_next("search", *(CaptchaRequired(f"https://board.example/c?state={n}") for n in range(6)))
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(6 * 600 + 700)
    assert await ground.state("1") == ("applied", None)
