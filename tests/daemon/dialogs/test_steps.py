"""Steps are handed to whoever drives the script."""

import pytest

from daemon.dialogs.steps import End, Now, Pass, Sleep, hand_over


async def give(step):
    return await hand_over(step)


def test_step_goes_out_and_the_answer_comes_back():
    coroutine = give(Sleep(5))
    assert coroutine.send(None) == Sleep(5)
    with pytest.raises(StopIteration) as stopped:
        coroutine.send("answer")
    assert stopped.value.value == "answer"


def test_steps_are_values():
    assert Pass("a", {"x": 1}) == Pass("a", {"x": 1})
    assert Now() == Now()
    assert End() == End()
