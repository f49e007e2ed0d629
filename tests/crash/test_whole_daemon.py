"""The theatre: a kill leaves no trace of what came after it, a stop is clean, and what does not end is found out."""

from __future__ import annotations

import random

import pytest
import structlog
import trio

from daemon.bot.introduction import Introduction
from daemon.sandbox.service import ConnectionCut, Request, Response
from tests.crash.lives import Hooks, Life, Line, Step, replaced
from tests.crash.stories import APPLICATIONS, enter_people, judge_story, settle, wait_for_quiet
from tests.crash.whole_daemon import open_theatre

LIMIT = {"AURORA_AUTOPILOT__DAILY_LIMIT": str(APPLICATIONS)}


async def test_story_without_any_fault_is_clean(autojump_clock, tmp_path):
    async with open_theatre(tmp_path, seed=1, settings=LIMIT) as theatre:
        enter_people(theatre, 1, random.Random(1))
        theatre.start()
        await settle(theatre)
        await theatre.stop()
        assert judge_story(theatre) == []
        assert theatre.world.log.count("application_made") == APPLICATIONS


class DiesAt(Hooks):
    """Kills the life at the first step of this kind that is about this."""

    def __init__(self, theatre, step, about):
        super().__init__()
        self.theatre, self.wanted = theatre, (step, about)

    async def step(self, life, step, what):
        if step == self.wanted[0] and self.wanted[1] in what:
            self.theatre.crash()


@pytest.mark.parametrize("step", [Step.BEFORE_WRITE, Step.AFTER_WRITE])
async def test_nothing_after_the_kill_is_on_disk(step, autojump_clock, tmp_path):
    async with open_theatre(tmp_path, seed=1, settings=LIMIT) as theatre:
        enter_people(theatre, 1, random.Random(1))
        life = theatre.start(DiesAt(theatre, step, "queue_items cursors"))
        await life.crashed.wait()
        await life.ended.wait()
        (image,) = theatre.history
        assert bool(image.rows("queue_items", queue="inbox")) == (step == Step.AFTER_WRITE)
        # The old life went on to its end on its own file: the next one knows nothing of that.
        theatre.start()
        await settle(theatre)
        await theatre.stop()
        assert judge_story(theatre) == []


async def test_life_may_end_before_it_has_made_a_store(autojump_clock, tmp_path):
    async with open_theatre(tmp_path, seed=1, settings=LIMIT) as theatre:
        life = theatre.start()
        theatre.crash()
        await life.ended.wait()
        enter_people(theatre, 1, random.Random(1))
        theatre.start()
        await settle(theatre)
        await theatre.stop()
        assert judge_story(theatre) == []


@pytest.mark.parametrize("step", [Step.BEFORE_SEND, Step.BEFORE_ANSWER])
async def test_request_of_a_killed_life_is_carried_out_only_if_it_had_left(step, autojump_clock, tmp_path):
    async with open_theatre(tmp_path, seed=1, settings=LIMIT) as theatre:
        enter_people(theatre, 1, random.Random(1))
        life = theatre.start(DiesAt(theatre, step, "/hh/negotiations"))
        await life.crashed.wait()
        await life.ended.wait()
        await trio.sleep(60)
        assert theatre.world.log.count("application_made") == (step == Step.BEFORE_ANSWER)


async def test_server_goes_on_when_its_client_is_gone(autojump_clock, nursery, tmp_path):
    seen = []

    class Slow:
        async def handle(self, request):
            await trio.sleep(5)
            seen.append(request.path)
            return Response()

    life = Life(1, tmp_path / "a.db", Hooks())
    line = Line(Slow(), life, nursery)
    with trio.move_on_after(1):
        await line.handle(Request("POST", "/apply"))
    assert seen == []
    await trio.sleep(10)
    assert seen == ["/apply"]
    life.is_dead = True
    with pytest.raises(ConnectionCut):
        await line.handle(Request("POST", "/again"))
    assert seen == ["/apply"]


async def test_child_that_ignores_its_cancellation_is_a_violation(autojump_clock, tmp_path):
    async def never_ends(_self, task_status):
        task_status.started()
        with trio.CancelScope(shield=True):
            await trio.sleep(3600)

    with replaced(Introduction, "run", never_ends):
        async with open_theatre(tmp_path, seed=1) as theatre:
            theatre.start()
            await wait_for_quiet(theatre)
            await theatre.stop()
            found = judge_story(theatre)
    assert any("ignored their cancellation: introduction" in violation for violation in found)
    assert any("did not stop" in violation for violation in found)
    assert any("shield without a deadline" in violation for violation in theatre.violations)


async def test_life_that_dies_of_itself_is_a_violation(autojump_clock, tmp_path):
    async with open_theatre(tmp_path, seed=1, settings={"AURORA_AUTOPILOT__PAUSE_SECONDS": "nonsense"}) as theatre:
        life = theatre.start()
        await life.ended.wait()
        assert theatre.violations[0].startswith("life 1 died of itself: SettingsError")


async def test_errors_of_living_daemons_are_complaints(autojump_clock, tmp_path):
    async with open_theatre(tmp_path, seed=1) as theatre:
        theatre.start()
        await wait_for_quiet(theatre)
        with structlog.contextvars.bound_contextvars(life=1):
            structlog.get_logger("test").error("went_wrong")
        await theatre.stop()
        assert "life 1 logged error went_wrong" in judge_story(theatre)


async def test_token_in_the_log_is_found(autojump_clock, tmp_path):
    async with open_theatre(tmp_path, seed=1) as theatre:
        theatre.start()
        await wait_for_quiet(theatre)
        structlog.get_logger("test").info("telling", token=theatre.world.telegram.state.token)
        await theatre.stop()
        assert any(violation.startswith("secret:") for violation in judge_story(theatre))
