"""Task stacks: who waits where."""

from __future__ import annotations

import math

import trio
from trio.testing import wait_all_tasks_blocked

from daemon.supervisor.stacks import (
    await_places,
    find_deadline,
    group_stacks,
    shorten_path,
    tell_deadline,
    tell_tasks,
    walk_tasks,
)


async def doze():
    await trio.sleep_forever()


async def outer():
    await doze()


async def test_stack_leads_to_the_innermost_await(autojump_clock, nursery):
    nursery.start_soon(outer, name="sleeper")
    await wait_all_tasks_blocked()
    (task,) = [task for task in nursery.child_tasks if task.name == "sleeper"]
    places = await_places(task)
    assert "outer" in places[0]
    assert any("test_stacks.py" in place and "doze" in place for place in places)


async def test_walk_names_parents_before_children(autojump_clock, nursery):
    async def parent():
        async with trio.open_nursery() as inner:
            inner.start_soon(doze, name="child")

    nursery.start_soon(parent, name="parent")
    await wait_all_tasks_blocked()
    places = list(walk_tasks(trio.lowlevel.current_root_task(), limit=1000))
    depths = {place.name: place.depth for place in places}
    names = [place.name for place in places]
    assert depths["child"] == depths["parent"] + 1
    assert names.index("parent") < names.index("child")


async def test_walk_keeps_its_limit_and_skips_stacks_when_told(autojump_clock, nursery):
    for _ in range(50):
        nursery.start_soon(doze)
    await wait_all_tasks_blocked()
    places = list(walk_tasks(trio.lowlevel.current_root_task(), limit=10, with_places=False))
    assert len(places) == 10
    assert {place.places for place in places} == {()}


async def test_equal_stacks_are_one_group(autojump_clock, nursery):
    for number in range(30):
        nursery.start_soon(doze, name=f"hunt:{number}")
    await wait_all_tasks_blocked()
    groups = group_stacks(walk_tasks(trio.lowlevel.current_root_task(), limit=1000))
    assert groups[0].tasks == 30
    assert len(groups[0].names) == 5


def test_path_is_shortened():
    assert shorten_path("/usr/lib/aurora/daemon/inbox/poller.py") == "daemon/inbox/poller.py"
    assert shorten_path("a.py") == "a.py"


async def doze_until(deadline, *, shield=False):
    with trio.CancelScope(deadline=deadline, shield=shield):
        await trio.sleep_forever()


async def test_deadline_is_that_of_the_nearest_scope_around_the_task(autojump_clock, nursery):
    nursery.start_soon(doze, name="free")
    nursery.start_soon(doze_until, 1000.0, name="bound")
    await wait_all_tasks_blocked()
    tasks = {task.name: task for task in nursery.child_tasks}
    assert find_deadline(tasks["free"]) == math.inf
    assert find_deadline(tasks["bound"]) == 1000.0
    nursery.cancel_scope.deadline = 500.0
    assert find_deadline(tasks["bound"]) == 500.0


async def test_cancelled_task_that_stays_is_seen(autojump_clock):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(doze_until, 7.0, name="patient")

        async def stay():
            with trio.CancelScope(deadline=9.0, shield=True):
                await trio.sleep_forever()

        nursery.start_soon(stay, name="deaf")
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
        (deaf,) = [task for task in nursery.child_tasks if task.name == "deaf"]
        assert find_deadline(deaf) == 9.0


async def test_tasks_are_told_with_names_places_and_deadlines(autojump_clock, nursery, expected_errors):
    for number in range(3):
        nursery.start_soon(doze_until, 60.0 + number, name=f"hunt:{number}")
    await wait_all_tasks_blocked()
    tell_tasks(trio.lowlevel.current_root_task(), trio.current_time())
    (told,) = [line for line in expected_errors if "hunt:0" in line.get("names", ())]
    assert told["tasks"] == 3
    assert told["deadline"] == "in 60.0 s"
    assert any("doze_until" in place for place in told["places"])


def test_deadline_in_words():
    assert [tell_deadline(at, 10.0) for at in (math.inf, -math.inf, 12.5)] == [
        "none",
        "cancelled, not gone",
        "in 2.5 s",
    ]
