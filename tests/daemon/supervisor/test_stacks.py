"""Task stacks: who waits where."""

from __future__ import annotations

import trio
from trio.testing import wait_all_tasks_blocked

from daemon.supervisor.stacks import await_places, group_stacks, shorten_path, walk_tasks


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
