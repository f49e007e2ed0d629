"""The story's parts without a daemon: words, waiting, blows, the ledger's line. The whole of it runs in tests/crash."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from contextlib import asynccontextmanager

import orjson
import pytest
import trio

from daemon.clock import SystemClock
from daemon.sandbox.browser import Browser
from daemon.sandbox.daemon_process import DaemonDied
from daemon.sandbox.person import Manners, ScriptedPerson
from daemon.sandbox.plot import Moment, Plot
from daemon.sandbox.story import QUIET_SECONDS, Ledger, Story, applied_words, leaves_of, open_story
from daemon.sandbox.world import open_world


class Child:
    """A daemon that does nothing but count its lives."""

    def __init__(self, *, dies_after: float = float("inf"), code: int = 0) -> None:
        self.starts = 0
        self.did: list[str] = []
        self._dies_after = dies_after
        self._code = code

    async def start(self) -> None:
        self.starts += 1
        self.did.append("start")

    async def kill(self) -> None:
        self.did.append("kill")

    async def stop(self) -> int:
        self.did.append("stop")
        return self._code

    async def watch(self) -> None:
        await trio.sleep(self._dies_after)
        raise DaemonDied("it ended by itself")


async def nowhere(method, url, headers, body):
    raise ConnectionError


@asynccontextmanager
async def story_of(child, *moments, applications=2):
    from daemon.clock import TrioClock

    async with open_world(TrioClock(), 1) as world:
        board_person = next(iter(world.hh.state.people.values()))
        somebody = world.people.add("Анна")
        person = ScriptedPerson(
            somebody.user_id,
            world.people,
            world.log,
            Browser(nowhere),
            manners=Manners("x"),
            random_source=random.Random(1),
        )
        plot = Plot(board_person, "ru", moments, applications)
        yield world, Story(world, child, person, plot)


def act_for_the_daemon(world, n):
    """What a daemon would cause: an update confirmed, an application made and told."""
    person = next(iter(world.hh.state.people.values()))
    vacancy = list(world.hh.state.vacancies.values())[n].vacancy_id
    world.hh.state.add_application(person.person_id, person.resumes[0].resume_id, vacancy, letter="", source="api")
    chat = next(iter(world.telegram.state.people))
    world.log.note(
        "message", chat=chat, message=n, text=f"✅ Отклик отправлен {n}", links=f"x/vacancy/{vacancy}", buttons=""
    )


async def live_as_daemon(world, count=4, every=1.0):
    for n in range(count):
        await trio.sleep(every)
        act_for_the_daemon(world, n)
    while True:
        await trio.sleep(0.5)
        await world.telegram.state.updates.fetch(10**12, 100, 0, None)
        chat = next(iter(world.telegram.state.people))
        world.log.note("message", chat=chat, message=99, text="ответ", links="", buttons="")
        await trio.sleep(QUIET_SECONDS * 2)


async def test_blows_fall_at_their_moments(autojump_clock, nursery):
    child = Child()
    moments = (Moment("stop", "application", 1), Moment("kill", "application", 2, is_in_flight=True))
    async with story_of(child, *moments, applications=3) as (world, story):
        nursery.start_soon(live_as_daemon, world)
        verdict = await story.play()
        order = [
            act.kind for act in world.log.acts("application_made", "daemon_started", "daemon_killed", "daemon_stopped")
        ]
        assert order[:6] == [
            "daemon_started",
            "application_made",
            "daemon_stopped",
            "daemon_started",
            "application_made",
            "daemon_killed",
        ]
        assert child.did == ["start", "stop", "start", "kill", "start", "stop"]
        assert (story.restarts, story.crashes, verdict.applied, verdict.duplicates) == (2, 1, 4, 0)
        nursery.cancel_scope.cancel()


async def test_an_answer_on_its_way_is_slowed_down_for_the_kill(autojump_clock, nursery):
    async with story_of(Child(), Moment("kill", "application", 2, is_in_flight=True), applications=3) as (world, story):
        nursery.start_soon(live_as_daemon, world)
        await story.play()
        [switched] = world.log.acts("fault_on")
        assert (switched.get("what"), switched.get("path")) == ("slow_answer", "/negotiations")
        assert world.faults.listing() == ()
        nursery.cancel_scope.cancel()


async def test_a_daemon_that_dies_by_itself_ends_the_story(autojump_clock):
    async with story_of(Child(dies_after=3)) as (_, story):
        with pytest.raises(ExceptionGroup) as caught:
            await story.play()
        assert [type(error) for error in leaves_of(caught.value)] == [DaemonDied]


async def test_a_story_that_never_ends_is_judged_as_it_stands(autojump_clock):
    async with story_of(Child()) as (_, story):
        verdict = await story.play()
        assert any("not over" in problem for problem in verdict.problems)


async def test_a_daemon_that_stops_badly_is_told_on(autojump_clock, nursery):
    async with story_of(Child(code=1), applications=1) as (world, story):
        nursery.start_soon(live_as_daemon, world, 1)
        verdict = await story.play()
        assert any("exit code 1" in problem for problem in verdict.problems)
        nursery.cancel_scope.cancel()


@pytest.mark.slow
async def test_demo_that_is_told_to_end_takes_its_daemon_along(tmp_path):
    command = [
        sys.executable,
        "-c",
        "import sys; from daemon.sandbox.story import run_demo; sys.exit(run_demo(1, exit_after=True))",
    ]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE, env=environment)
    with trio.fail_after(60):
        text = ""
        while "daemon: starts" not in text:
            text += (await process.stdout.receive_some(4096)).decode()
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 1
    await process.stdout.aclose()
    assert list(tmp_path.iterdir()) == [], "its state is gone, so is whoever kept it"


async def test_the_child_gets_public_settings_only(tmp_path):
    async with open_world(SystemClock(), 1) as world:
        person = next(iter(world.hh.state.people.values()))
        plot = Plot(person, "ru", (), 26)
        async with open_story(world, "http://127.0.0.1:9", plot, tmp_path, 1, arguments=("-c", "pass")) as story:
            environment = story._daemon._environment
        assert environment["AURORA_AUTOPILOT__DAILY_LIMIT"] == "26"
        assert environment["STATE_DIRECTORY"] == str(tmp_path)
        listen = environment["AURORA_WEB__LISTEN"]
        assert world.hh.state.rules.redirect_uri == f"http://{listen}/oauth/hh/callback"
        own = {name for name in environment if name.startswith("AURORA_")}
        assert not [name for name in own if "SANDBOX" in name or "DEMO" in name]


def test_the_words_of_an_application_come_from_the_catalogue():
    assert applied_words() == ("✅ Отклик отправлен:", "✅ Applied:")


def test_the_ledger_is_one_json_line():
    line = Ledger(26, 0, 0, 3, 41.5).as_line()
    assert orjson.loads(line) == {"applied": 26, "duplicates": 0, "lost": 0, "restarts": 3, "seconds": 41.5}
    assert "\n" not in line
