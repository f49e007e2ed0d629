"""Jobs run in order, each is settled once, and no accident ends the thread."""

from __future__ import annotations

import sys
import threading

import outcome
import pytest
import trio
import trio.testing

from store.embedded.worker import LoopWorker, ThreadWorker


@pytest.fixture(params=[LoopWorker, lambda: ThreadWorker("worker")], ids=["loop", "thread"])
async def worker(request):
    worker = request.param()
    yield worker
    await worker.close()


async def run(worker, work):
    settled = []
    done = trio.Event()

    def settle(result):
        settled.append(result)
        done.set()

    worker.submit(work, settle)
    await done.wait()
    return settled[0]


async def test_work_is_settled_with_its_result(worker):
    assert await run(worker, lambda: 5) == outcome.Value(5)


async def test_work_is_settled_with_what_it_raised_and_the_next_one_runs(worker):
    class Stop(BaseException):
        pass

    def fail(error):
        raise error

    for error in (ValueError("x"), Stop(), SystemExit(1), MemoryError()):
        result = await run(worker, lambda error=error: fail(error))
        assert result.error is error
    assert await run(worker, lambda: 5) == outcome.Value(5)


async def test_jobs_run_in_the_order_handed_in(worker):
    ran, settled = [], []
    for number in range(50):
        worker.submit(lambda number=number: ran.append(number), lambda _, number=number: settled.append(number))
    await run(worker, lambda: None)
    assert ran == settled == list(range(50))


async def test_loop_worker_has_settled_when_submit_returns():
    settled = []
    LoopWorker().submit(lambda: 5, settled.append)
    assert settled == [outcome.Value(5)]


async def test_thread_worker_works_outside_the_loop_and_settles_in_it():
    worker = ThreadWorker("store a.db")
    names = []
    result = await run(worker, lambda: threading.current_thread().name)
    worker.submit(lambda: None, lambda _: names.append(threading.current_thread()))
    await worker.close()
    await trio.testing.wait_all_tasks_blocked()
    assert result == outcome.Value("store a.db")
    assert names == [threading.current_thread()]


async def test_closing_lets_jobs_finish_and_ends_the_thread():
    worker = ThreadWorker("worker")
    ran = []
    for number in range(20):
        worker.submit(lambda number=number: ran.append(number), lambda _: None)
    await worker.close()
    assert ran == list(range(20))
    assert not worker._thread.is_alive()


async def test_closing_can_be_given_up_while_a_job_hangs():
    worker = ThreadWorker("worker")
    release = threading.Event()
    worker.submit(release.wait, lambda _: None)
    with trio.move_on_after(0.01) as scope:
        await worker.close()
    assert scope.cancelled_caught
    worker.keep("what the job uses")
    release.set()
    worker._thread.join()


def test_job_that_ends_after_the_loop_is_nobodys_error():
    release = threading.Event()

    async def leave():
        worker = ThreadWorker("worker")
        worker.submit(release.wait, lambda _: None)
        return worker

    worker = trio.run(leave)
    release.set()
    worker._jobs.put(None)
    worker._thread.join()


async def test_interpreter_switches_as_before_once_the_thread_is_gone():
    before = sys.getswitchinterval()
    worker = ThreadWorker("worker")
    assert sys.getswitchinterval() < 0.001
    await worker.close()
    assert sys.getswitchinterval() == before
