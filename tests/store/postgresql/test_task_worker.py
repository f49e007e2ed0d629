"""Jobs run one after another, and each one's outcome goes to whoever handed it in."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from store.errors import OutcomeUnknown
from store.postgresql.task_worker import TaskWorker


@pytest.fixture
async def worker(nursery):
    made = TaskWorker()
    nursery.start_soon(made.run)
    return made


async def test_jobs_run_in_order_and_settle_with_their_outcome(worker):
    order, settled = [], []

    async def job(name):
        order.append(f"{name} begins")
        await trio.lowlevel.checkpoint()
        order.append(f"{name} ends")
        if name == "b":
            raise ZeroDivisionError
        return name

    for name in "abc":
        worker.submit(lambda name=name: job(name), settled.append)
    await trio.testing.wait_all_tasks_blocked()
    assert order == ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]
    assert settled[0].unwrap() == "a"
    with pytest.raises(ZeroDivisionError):
        settled[1].unwrap()
    assert settled[2].unwrap() == "c"


async def test_job_that_the_end_of_the_store_cancels_has_an_unknown_outcome():
    worker, settled = TaskWorker(), []
    with trio.CancelScope() as scope:
        worker.submit(trio.sleep_forever, settled.append)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.run)
            await trio.testing.wait_all_tasks_blocked()
            scope.cancel()
    assert scope.cancelled_caught
    with pytest.raises(OutcomeUnknown, match="closed meanwhile"):
        settled[0].unwrap()
