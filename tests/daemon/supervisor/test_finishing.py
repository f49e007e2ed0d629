"""let_finish: the answer is kept, a stop is not held up, and errors are what they were."""

from __future__ import annotations

import pytest
import trio

from daemon.supervisor.finishing import let_finish


async def answer_after(seconds, done):
    await trio.sleep(seconds)
    done.append(trio.current_time())
    return "answer"


async def test_work_that_nobody_cancels_takes_its_time(autojump_clock):
    assert await let_finish(lambda: answer_after(1000, []), 1) == "answer"


async def test_work_in_the_middle_is_seen_to_its_end(autojump_clock):
    done = []
    with trio.move_on_after(5) as scope:
        await let_finish(lambda: answer_after(6.5, done), 2)
        pytest.fail("the caller is cancelled all the same")
    assert scope.cancelled_caught
    assert done == [pytest.approx(autojump_clock.current_time())]


async def test_work_that_takes_longer_is_cut_off(autojump_clock):
    done = []
    began = trio.current_time()
    with trio.move_on_after(5) as scope:
        await let_finish(lambda: answer_after(3600, done), 2)
    assert scope.cancelled_caught
    assert trio.current_time() - began == pytest.approx(7)
    assert done == []


async def test_one_inside_another_ends_after_both_patiences(autojump_clock):
    began = trio.current_time()
    with trio.move_on_after(5):
        await let_finish(lambda: let_finish(trio.sleep_forever, 2), 1)
    assert trio.current_time() - began == pytest.approx(8)


async def test_error_is_raised_bare(autojump_clock):
    async def fail():
        await trio.sleep(1)
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        await let_finish(fail, 1)
