from __future__ import annotations

import random
from typing import TYPE_CHECKING

import trio

from daemon.errors import Temporary
from daemon.supervisor.child import ChildSpec
from daemon.supervisor.layers import Layers
from daemon.supervisor.tree import open_supervisor

if TYPE_CHECKING:
    from daemon.clock import TrioClock


async def stay(task_status: trio.TaskStatus[None]) -> None:
    task_status.started()
    await trio.sleep_forever()


async def fail(task_status: trio.TaskStatus[None]) -> None:
    task_status.started()
    raise Temporary("gone")


async def test_children_of_all_layers_are_seen_outer_first(clock: TrioClock, autojump_clock: object) -> None:
    async with open_supervisor(clock, random.Random(1)) as outer, open_supervisor(clock, random.Random(2)) as inner:
        await inner.start(ChildSpec("poller", stay))
        await outer.start(ChildSpec("web", stay))
        layers = Layers((outer, inner))

        assert [child.name for child in layers.children()] == ["web", "poller"]


async def test_child_is_found_in_whatever_layer(clock: TrioClock, autojump_clock: object) -> None:
    async with open_supervisor(clock, random.Random(1)) as outer, open_supervisor(clock, random.Random(2)) as inner:
        await inner.start(ChildSpec("poller", stay))
        layers = Layers((outer, inner))

        found = layers.find("poller")

        assert found is not None
        assert found.name == "poller"
        assert layers.find("nobody") is None


async def test_restarts_of_all_layers_are_summed_up(clock: TrioClock, autojump_clock: object) -> None:
    async with open_supervisor(clock, random.Random(1)) as outer, open_supervisor(clock, random.Random(2)) as inner:
        layers = Layers((outer, inner))
        await outer.start(ChildSpec("web", fail))
        await inner.start(ChildSpec("poller", fail))
        await trio.sleep(30)

        assert layers.restarts == outer.restarts + inner.restarts
        assert layers.restarts >= 2


async def test_waiting_child_is_released_in_its_layer(clock: TrioClock, autojump_clock: object) -> None:
    async with open_supervisor(clock, random.Random(1)) as outer, open_supervisor(clock, random.Random(2)) as inner:
        layers = Layers((outer, inner))
        await inner.start(ChildSpec("poller", fail))

        assert layers.release("poller")
        assert not layers.release("web")
        assert layers.open_circuits() == []
