"""The stage: what it reads out of the daemon's log and store, and when its world is slow."""

from __future__ import annotations

import json

import pytest
import trio

from daemon.clock import TrioClock
from daemon.sandbox.service import Request
from daemon.sandbox.world import open_world
from tests.crash.failpoints import Point
from tests.crash.stage import LATE_SECONDS, LATEST_SECONDS, SLOW_SECONDS, Lateness, finishes_what_it_began, mistakes_in
from tests.crash.store_image import StoreImage

APPLY = Request("POST", "/hh/negotiations", {}, {}, b"")
SEARCH = Request("GET", "/hh/vacancies", {}, {}, b"")


def test_mistakes_are_found_in_the_log(tmp_path):
    output = tmp_path / "daemon.log"
    lines = [
        {"level": "info", "event": "daemon_ready"},
        {"level": "warning", "event": "child_failed", "fingerprint": "Temporary@daemon/x.py:y"},
        {"level": "warning", "event": "child_failed", "fingerprint": "KeyError@daemon/x.py:y"},
        {"level": "error", "event": "store_not_closed"},
    ]
    cut = '{"level":"error","event":"cut off in the mid'
    output.write_text("\n".join([*(json.dumps(line) for line in lines), cut]), encoding="utf-8")
    assert mistakes_in(output) == [
        "the daemon's log: store_not_closed ",
        "the daemon's log: child_failed KeyError@daemon/x.py:y",
    ]
    assert mistakes_in(tmp_path / "none.log") == []


def test_a_stop_must_throw_no_answer_away():
    image = StoreImage({
        "effects": ({"key": "1:hh:a", "state": "sending", "sending_at": 5}, {"key": "1:hh:b", "state": "confirmed"}),
        "board_accounts": ({"user_id": 7, "state": "lost"}, {"user_id": 8, "state": "connected"}),
    })  # fmt: skip
    assert finishes_what_it_began(image) == [
        "thrown away by a stop: the answer about 1:hh:a",
        "thrown away by a stop: the answer about login of 7",
    ]
    assert finishes_what_it_began(StoreImage()) == []


def test_a_stop_is_not_blamed_for_what_an_earlier_kill_left_on_its_way():
    killed = StoreImage({
        "effects": ({"key": "1:hh:a", "state": "sending", "sending_at": 5},),
        "board_accounts": ({"user_id": 7, "state": "connected", "refresh_began_at": 4},),
    })  # fmt: skip
    stopped = StoreImage({
        "effects": ({"key": "1:hh:a", "state": "sending", "sending_at": 5},),
        "board_accounts": ({"user_id": 7, "state": "lost", "refresh_began_at": None},),
    })  # fmt: skip
    assert finishes_what_it_began(stopped, [killed]) == []
    asked_again = StoreImage({"effects": ({"key": "1:hh:a", "state": "sending", "sending_at": 9},)})
    assert finishes_what_it_began(asked_again, [killed]) == ["thrown away by a stop: the answer about 1:hh:a"]


async def seconds_of(lateness, *requests):
    """How long each takes."""
    taken = []
    for request in requests:
        began = trio.current_time()
        await lateness.handle(request)
        taken.append(round(trio.current_time() - began, 1))
    return taken


@pytest.mark.usefixtures("autojump_clock")
async def test_only_the_request_of_the_point_is_slow():
    async with open_world(TrioClock(), 1) as world:
        lateness = Lateness(world)
        assert await seconds_of(lateness, APPLY, SEARCH) == [0, 0]
        lateness.expect(Point("board.post.negotiations", 2, "term"))
        assert await seconds_of(lateness, SEARCH, APPLY, APPLY, APPLY) == [0, 0, SLOW_SECONDS, 0]
        lateness.expect(Point("board.post.negotiations", 1, "before"))
        assert await seconds_of(lateness, APPLY) == [0]


@pytest.mark.usefixtures("autojump_clock")
async def test_an_application_whose_client_dies_is_carried_out_in_the_next_life():
    async with open_world(TrioClock(), 1) as world:
        lateness = Lateness(world)
        lateness.expect(Point("board.post.negotiations", 1, "in"))
        assert await seconds_of(lateness, APPLY, APPLY) == [LATEST_SECONDS, 0]
        lateness.expect(Point("board.post.negotiations", 1, "in"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(poll, world)
            [late] = await seconds_of(lateness, APPLY)
        assert 2 + LATE_SECONDS <= late < LATEST_SECONDS


async def poll(world):
    """The next life comes up."""
    await trio.sleep(2)
    await world.telegram.state.updates.fetch(0, 100, 0, None)
