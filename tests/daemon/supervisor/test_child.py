"""A child fits the supervisor and Trio's own nursery alike."""

from __future__ import annotations

import trio

from daemon.supervisor.child import ChildSpec


async def stay(task_status):
    task_status.started()
    await trio.sleep_forever()


async def test_child_function_fits_nursery_start(autojump_clock):
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: ChildSpec("a", stay).run(task_status))
        nursery.cancel_scope.cancel()


def test_ordinary_children_share_their_policy():
    assert ChildSpec("a", stay).restart is ChildSpec("b", stay).restart
