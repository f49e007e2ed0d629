"""What one process does for everybody runs where its role is held, and stops with it."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from daemon.ownership.roles import in_role
from store.durable.leases import Leases
from store.durable.ownership import Ownership
from store.durable.trust import Trust
from store.errors import LeaseLost


class Job:
    def __init__(self) -> None:
        self.is_running = False
        self.starts = 0
        self.fails_with = None

    async def run(self, task_status):
        task_status.started()
        self.starts += 1
        self.is_running = True
        try:
            if self.fails_with is not None:
                raise self.fails_with
            await trio.sleep_forever()
        finally:
            self.is_running = False


@pytest.fixture
def own():
    return Ownership(Leases(None), "boot-a", {}, trust=Trust(15, (trio.current_time,)))


async def settle():
    await trio.testing.wait_all_tasks_blocked()


def test_embedded_store_runs_the_child_itself():
    job = Job()
    assert in_role(Ownership(Leases(None), "boot", {}), "poller", job.run) == job.run


async def test_role_is_waited_for_and_followed(autojump_clock, own, nursery):
    job = Job()
    await nursery.start(in_role(own, "poller", job.run))
    assert not job.is_running
    own.trust.renew(own.trust.now())
    own.hold({}, {"schedule": 1})
    await settle()
    assert not job.is_running
    own.hold({}, {"poller": 1})
    await settle()
    assert job.is_running
    own.hold({}, {})
    await settle()
    assert not job.is_running
    own.hold({}, {"poller": 3})
    await settle()
    assert (job.is_running, job.starts) == (True, 2)


async def test_role_ends_with_trust(autojump_clock, own, nursery):
    job = Job()
    own.trust.renew(own.trust.now())
    own.hold({}, {"poller": 1})
    await nursery.start(in_role(own, "poller", job.run))
    await settle()
    await trio.sleep(13)
    own.note()
    await settle()
    assert not job.is_running


async def test_refused_write_is_doubted_and_tried_again(autojump_clock, own, nursery):
    job, doubts = Job(), []
    own.on_doubt = lambda: doubts.append(trio.current_time())
    own.trust.renew(own.trust.now())
    own.hold({}, {"poller": 1})
    job.fails_with = LeaseLost()
    await nursery.start(in_role(own, "poller", job.run))
    await trio.sleep(0.1)
    assert (len(doubts), job.starts) == (1, 1)
    job.fails_with = None
    await trio.sleep(1)
    assert (job.is_running, job.starts) == (True, 2)


async def test_other_failures_are_the_supervisors(autojump_clock, own):
    job = Job()
    job.fails_with = KeyError("x")
    own.trust.renew(own.trust.now())
    own.hold({}, {"poller": 1})
    with pytest.RaisesGroup(KeyError):
        await in_role(own, "poller", job.run)(trio.TASK_STATUS_IGNORED)
