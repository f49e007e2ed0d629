"""What the gates look at, read from the store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import trio

from daemon.autopilot.doubts import Doubts
from daemon.autopilot.facts import MOST_A_DAY, call_seconds, find_board, question_at, read_facts, task_key
from daemon.autopilot.gates import Stage, closed_gates
from daemon.boards.board import Capabilities, UncertainOutcome
from daemon.boards.registry import BoardRegistry
from daemon.clock import DAY, SECOND, TrioClock
from tests.fakes.board import make_vacancy
from tests.fakes.hunting import HH, IVAN

if TYPE_CHECKING:
    from trio.testing import MockClock

    from tests.fakes.hunting import HuntGround


async def test_nobody_has_no_wish_and_no_error(ground: HuntGround, autojump_clock: MockClock) -> None:
    facts = await read_facts(ground.tools, IVAN)
    assert (facts.is_wished, facts.has_resume, facts.has_login, facts.is_login_lost) == (False, False, False, False)
    assert facts.mode == "assisted"
    assert facts.rests_until is None


async def test_mode_follows_what_the_board_allows(ground: HuntGround, autojump_clock: MockClock) -> None:
    await ground.settle()
    facts = await read_facts(ground.tools, IVAN)
    assert facts.hunt is not None
    assert facts.profile is not None
    assert facts.account is not None
    assert facts.mode == "auto"
    assert replace(facts, hunt=replace(facts.hunt, approval="approve")).mode == "approve"
    assert replace(facts, account=replace(facts.account, mode="assisted")).mode == "assisted"
    assert replace(facts, profile=replace(facts.profile, resume_id=None)).mode == "assisted"
    assert replace(facts, account=None).mode == "assisted"
    ground.board.capabilities = Capabilities(True, True, False, False)
    assert (await read_facts(ground.tools, IVAN)).mode == "assisted"


async def test_places_of_the_day_are_counted_with_cards(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(2)))
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(100)
    facts = await read_facts(ground.tools, IVAN)
    oldest = await ground.store.effects.oldest("application", IVAN, 0)
    assert oldest is not None
    assert (facts.used_today, facts.place_free_at) == (2, oldest + DAY)
    move = ground.store.vacancies.set_state(
        IVAN, HH, (await ground.vacancy("0")).vacancy_id, "handed_over", now=facts.now
    )
    await ground.store.write(move)
    assert (await read_facts(ground.tools, IVAN)).used_today == 3


async def test_question_is_due_when_the_grace_is_over(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1"))
    ground.board.fail_next("apply", UncertainOutcome())
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(10)
    facts = await read_facts(ground.tools, IVAN)
    effect = await ground.effect("1")
    assert effect.sending_at is not None
    assert facts.ambiguous == 1
    assert facts.next_question_at == effect.sending_at + 120 * SECOND


async def test_persons_limit_never_passes_the_boards(ground: HuntGround, autojump_clock: MockClock) -> None:
    await ground.settle(daily_limit=5000)
    assert (await read_facts(ground.tools, IVAN)).daily_limit == MOST_A_DAY
    await ground.store.write(ground.store.hunts.set_daily_limit(IVAN, None))
    assert (await read_facts(ground.tools, IVAN)).daily_limit == ground.tools.settings.daily_limit


async def test_question_waits_for_a_call_that_may_still_run(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1"))
    ground.board.fail_next("apply", UncertainOutcome())
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(10)
    sending = replace(await ground.effect("1"), state="sending", settled_at=None)
    tools = replace(ground.tools, doubts=Doubts())
    now = tools.clock.now()
    assert question_at(tools, sending) == now + 150 * SECOND
    await trio.sleep(20)
    assert question_at(tools, sending) == now + 150 * SECOND


async def test_times_of_another_clock_do_not_shorten_the_grace(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1"))
    ground.board.fail_next("apply", UncertainOutcome())
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(10)
    effect = await ground.effect("1")
    assert effect.sending_at is not None
    for moved in (-3600 * SECOND, 3600 * SECOND):
        found = replace(effect, attempt=2, sending_at=effect.sending_at + moved, settled_at=effect.sending_at + moved)
        tools = replace(ground.tools, doubts=Doubts())
        assert question_at(tools, found) == tools.clock.now() + 120 * SECOND


def test_call_ends_well_before_the_grace() -> None:
    assert call_seconds(120) == 30
    assert call_seconds(60) == 15
    assert call_seconds(2) == 5


async def test_board_that_is_not_set_up_closes_one_gate(ground: HuntGround, autojump_clock: MockClock) -> None:
    await ground.settle()
    facts = await read_facts(replace(ground.tools, boards=BoardRegistry([])), IVAN)
    assert (facts.has_board, facts.can_board_apply) == (False, False)
    assert [report.name for report in closed_gates(facts, Stage.HUNT)] == ["board"]
    assert find_board(ground.tools, HH) is ground.board


def test_task_has_the_persons_name() -> None:
    assert task_key(IVAN) == "autopilot:42"


async def test_hunt_goes_on_when_the_clock_was_set_back(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(3)))
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(5)
    before = await read_facts(ground.tools, IVAN)
    assert before.hunt is not None
    assert before.hunt.next_search_at is not None
    assert before.progress.next_application_at > before.now
    assert await clock_moved(ground, -SECOND) == [before.progress.next_application_at, before.hunt.next_search_at]
    assert await clock_moved(ground, -DAY) == [0, None]
    assert (await read_facts(ground.tools, IVAN)).used_today == 1


async def clock_moved(ground: HuntGround, by: int) -> list[int | None]:
    """When the hunt may apply and search, as a clock shows it that was moved by so much."""

    class Moved(TrioClock):
        def now(self) -> int:
            return ground.tools.clock.now() + by

    facts = await read_facts(replace(ground.tools, clock=Moved()), IVAN)
    assert facts.hunt is not None
    assert facts.used_today == 1
    return [facts.progress.next_application_at, facts.hunt.next_search_at]
