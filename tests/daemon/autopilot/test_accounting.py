"""The funnel and the history: counted from the vacancies, every state and reason with its words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import trio

import daemon.autopilot
from daemon.autopilot.accounting import STATES, count_funnel, read_history
from daemon.boards.board import SKIP_REASONS, LimitReached
from daemon.i18n.translate import Texts
from tests.fakes.board import make_vacancy
from tests.fakes.hunting import IVAN

if TYPE_CHECKING:
    from trio.testing import MockClock

    from tests.fakes.hunting import HuntGround


async def test_funnel_adds_up(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(4)), make_vacancy("t", has_test=True))
    ground.board.fail_next("apply", LimitReached())
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(30)
    funnel = await count_funnel(ground.store, IVAN)
    assert (funnel.found, funnel.screened_out, funnel.pending, funnel.applied) == (5, 1, 4, 0)
    assert sum(funnel.values().values()) - funnel.found == funnel.found


async def test_funnel_of_a_day_counts_what_changed(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1"))
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(5000)
    now = ground.tools.clock.now()
    assert (await count_funnel(ground.store, IVAN)).applied == 1
    assert (await count_funnel(ground.store, IVAN, now - 1000)).applied == 0


async def test_history_begins_with_the_last(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(3)))
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(200)
    lines = await read_history(ground.store, IVAN, "applied", 2)
    assert len(lines) == 2
    assert lines[0].vacancy.changed_at > lines[1].vacancy.changed_at
    assert lines[0].state.key == "autopilot.state.applied"
    assert lines[0].reason is None


def test_every_state_and_reason_has_its_words() -> None:
    keys = Texts.load().keys("ru") & Texts.load().keys("en")
    assert {f"autopilot.state.{state}" for state in STATES} <= keys
    assert {f"autopilot.reason.{reason}" for reason in SKIP_REASONS} <= keys
    folder = Path(daemon.autopilot.__file__).parent
    source = "\n".join(file.read_text(encoding="utf-8") for file in folder.glob("*.py"))
    moved = set(re.findall(r'(?:move|_move|keep_reason)\([^)]*"([a-z_]+)"\)', source))
    assert len(moved) > 8
    assert {f"autopilot.reason.{reason}" for reason in moved} <= keys | {
        f"autopilot.reason.{state}" for state in STATES
    }
