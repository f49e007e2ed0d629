"""Doubtful applications: left alone, asked about, decided; and that too short a grace really doubles."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import trio

from daemon.boards.board import Application, BoardTrouble, CaptchaRequired, DoorClosed, LoginLost, UncertainOutcome
from daemon.config import AutopilotSettings
from daemon.outbox.message import Button
from tests.fakes.board import FakeBoard, Received, make_vacancy
from tests.fakes.hunting import IVAN, open_ground

if TYPE_CHECKING:
    from trio.testing import MockClock

    from daemon.clock import TrioClock
    from store.store import Store
    from tests.fakes.hunting import HuntGround


async def lose_answer(ground: HuntGround, *errors: Exception, is_there: bool = True) -> None:
    """One application whose answer is lost; asking fails with these first."""
    ground.board.add(make_vacancy("1"))
    if is_there:
        ground.board.lose_answer_of_next_apply()
    else:
        ground.board.fail_next("apply", UncertainOutcome())
    ground.board.fail_next("find_application", *errors)
    await ground.settle()
    await ground.start_hunt()


async def test_found_application_is_confirmed_and_told_once(ground: HuntGround, autojump_clock: MockClock) -> None:
    await lose_answer(ground)
    await trio.sleep(130)
    assert await ground.state("1") == ("applied", "found_at_board")
    assert (await ground.effect("1")).external_id == "n1"
    assert await ground.said() == ["applied"]
    assert ground.board.calls.count("apply") == 1


async def test_missing_application_is_sent_again_with_same_letter(
    ground: HuntGround, autojump_clock: MockClock
) -> None:
    await lose_answer(ground, is_there=False)
    await trio.sleep(10)
    letter = ground.letter_of(await ground.vacancy("1"))
    await trio.sleep(180)
    assert await ground.state("1") == ("applied", None)
    assert (await ground.effect("1")).attempt == 2
    assert [one.letter for one in ground.board.applications] == [letter]


async def test_nothing_is_asked_within_the_grace(ground: HuntGround, autojump_clock: MockClock) -> None:
    await lose_answer(ground)
    await trio.sleep(115)
    assert "find_application" not in ground.board.calls
    await trio.sleep(15)
    assert "find_application" in ground.board.calls


async def test_others_go_on_meanwhile(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("2"), make_vacancy("3"))
    await lose_answer(ground)
    await trio.sleep(100)
    states = Counter([(await ground.state(vacancy_id))[0] for vacancy_id in "123"])
    assert states == {"applied": 2, "ambiguous": 1}


async def test_second_grace_before_the_person_hears(ground: HuntGround, autojump_clock: MockClock) -> None:
    await lose_answer(ground, BoardTrouble("502"))
    await trio.sleep(200)
    assert await ground.said() == []
    await trio.sleep(60)
    assert await ground.state("1") == ("applied", "found_at_board")
    assert await ground.said() == ["applied"]


async def test_board_that_can_not_be_asked_is_told_once_never_resent(
    ground: HuntGround, autojump_clock: MockClock
) -> None:
    ground.board.close_door("find_application")
    await lose_answer(ground, is_there=False)
    await trio.sleep(50_000)
    assert await ground.state("1") == ("ambiguous", "lost_answer")
    assert await ground.said() == ["doubt"]
    assert ground.board.calls.count("apply") == 1
    (message,) = await ground.messages()
    actions = [button.action for row in message.keyboard for button in row if isinstance(button, Button)]
    assert actions == ["v_applied", "v_missing"]


async def test_closed_list_closes_nothing_else(ground: HuntGround, autojump_clock: MockClock) -> None:
    await lose_answer(ground, DoorClosed())
    await trio.sleep(1000)
    assert await ground.state("1") == ("applied", "found_at_board")
    assert "door_closed" not in await ground.said()


async def test_captcha_and_lost_login_reach_the_person(ground: HuntGround, autojump_clock: MockClock) -> None:
    await lose_answer(ground, CaptchaRequired("https://board.example/c"), LoginLost())
    await trio.sleep(2000)
    assert Counter(await ground.said()) == {"captcha": 1, "login_lost": 1, "doubt": 1}
    await ground.connect()
    await trio.sleep(2000)
    assert await ground.state("1") == ("applied", "found_at_board")


async def test_three_doubts_stop_the_applying(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.close_door("find_application")
    ground.board.add(*(make_vacancy(str(number)) for number in range(6)))
    ground.board.fail_next("apply", *[UncertainOutcome() for _ in range(6)])
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(20_000)
    assert ground.board.calls.count("apply") == 3
    assert ground.board.calls.count("search") > 10, "searching goes on"


async def test_board_that_always_loses_it_is_given_up(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1"))
    ground.board.fail_next("apply", *[UncertainOutcome() for _ in range(20)])
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(20_000)
    assert await ground.state("1") == ("refused", "board_trouble")
    assert ground.board.calls.count("apply") == 5


async def test_cancelled_request_is_inherited_as_doubt(
    ground: HuntGround, board: FakeBoard, autojump_clock: MockClock
) -> None:
    board.add(make_vacancy("1"))
    board.delay_seconds = 3.0
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(7)
    assert (await ground.effect("1")).state == "sending"
    await ground.crash()
    assert (await ground.effect("1")).state == "sending", "a cancelled hunt writes nothing more"
    await ground.start_hunt()
    assert await ground.state("1") == ("ambiguous", "interrupted")
    await trio.sleep(200)
    assert await ground.state("1") == ("applied", None)
    assert len(board.applications) == 1


@pytest.mark.parametrize(("is_there", "state"), [(True, "confirmed"), (False, "refused")])
async def test_doubt_about_an_erased_vacancy_is_settled(
    ground: HuntGround, autojump_clock: MockClock, is_there: bool, state: str
) -> None:
    await lose_answer(ground, is_there=is_there)
    await trio.sleep(10)
    ground.board.vacancies.clear()
    await ground.store.write(ground.store.vacancies.delete(IVAN))
    await trio.sleep(200)
    assert (await ground.effect("1")).state == state
    assert ground.board.calls.count("apply") == 1


async def test_planned_application_of_an_erased_vacancy_is_dropped(
    ground: HuntGround, autojump_clock: MockClock
) -> None:
    await lose_answer(ground, is_there=False)
    await trio.sleep(10)
    await ground.crash()
    ground.board.vacancies.clear()
    await ground.store.write(
        ground.store.vacancies.delete(IVAN) + ground.store.effects.replan("application", "42:hh:1", now=1)
    )
    await ground.start_hunt()
    await trio.sleep(60)
    assert (await ground.effect("1")).state == "refused"


@dataclass
class LateBoard(FakeBoard):
    """Carries out the first request `late_seconds` after its client is gone, and does not notice a second one."""

    late_seconds: float = 60.0
    nursery: trio.Nursery | None = None
    has_been_late: bool = False
    late: list[str] = field(default_factory=list)

    async def apply(self, access_token: Any, resume_id: str, vacancy_id: Any, letter: str) -> Application:
        self.calls.append("apply")
        received = Received(f"person-{IVAN}", resume_id, vacancy_id, letter, trio.current_time())
        if self.has_been_late or self.nursery is None:
            self.applications.append(received)
            return Application("now", vacancy_id, "response", None)
        self.has_been_late = True
        self.nursery.start_soon(self._commit_late, received)
        raise UncertainOutcome

    async def _commit_late(self, received: Received) -> None:
        await trio.sleep(self.late_seconds)
        received.at = trio.current_time()
        self.applications.append(received)


@pytest.mark.parametrize(
    "cell",
    [(120, 0, 1), (120, 5, 1), (120, 60, 1), (120, 119, 1), (30, 29, 1), (30, 60, 2), (5, 60, 2), (0, 5, 2)],
)
async def test_grace_must_outlast_the_board(
    store: Store, clock: TrioClock, autojump_clock: MockClock, cell: tuple[float, float, int]
) -> None:
    grace_seconds, late_seconds, applications = cell
    # The last three are the negative control: a grace shorter than the board is late doubles, so the check can fail.
    board = LateBoard(late_seconds=late_seconds)
    board.add(make_vacancy("1"))
    settings = AutopilotSettings(grace_seconds=grace_seconds)
    async with open_ground(store, board, clock, settings=settings) as ground:
        board.nursery = ground.nursery
        await ground.settle()
        await ground.start_hunt()
        await trio.sleep(1000)
        assert len(board.applications) == applications
        assert await ground.said() == ["applied"]
