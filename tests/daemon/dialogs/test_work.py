"""Outside work and its outcome."""

import pytest
import trio

from daemon.boards.board import BoardTrouble, LoginLost
from daemon.dialogs.running import Entry
from daemon.dialogs.steps import Do
from daemon.dialogs.work import attempt_work
from store.errors import LeaseLost, StoreUnavailable


async def attempt(result=None, error=None):
    async def work():
        await trio.lowlevel.checkpoint()
        if error is not None:
            raise error
        return result

    return await attempt_work(Do("work", work), 5)


@pytest.mark.parametrize(
    ("result", "journaled"), [(None, None), ("x", "x"), ((1, 2), [1, 2]), ({"a": (1,)}, {"a": [1]}), ("🙂", "🙂")]
)
async def test_result_is_what_json_gives_back(result, journaled):
    assert await attempt(result) == Entry("did", "work", journaled)


@pytest.mark.parametrize(("error", "is_temporary"), [(BoardTrouble(), True), (LoginLost(), False)])
async def test_expected_failure_is_an_outcome(error, is_temporary):
    entry = await attempt(error=error)
    assert entry == Entry("failed", "work", {"error": type(error).__name__, "temporary": is_temporary})


async def test_bug_is_logged_once_and_an_outcome_too(expected_errors):
    assert (await attempt(error=KeyError("secret of a person"))).value == {"error": "KeyError", "temporary": False}
    assert [line["event"] for line in expected_errors] == ["dialog_work_broken"]


async def test_result_that_is_no_json_is_a_bug(expected_errors):
    assert (await attempt(object())).kind == "failed"


async def test_hanging_work_is_temporary(autojump_clock):
    entry = await attempt_work(Do("work", trio.sleep_forever), 5)
    assert entry == Entry("failed", "work", {"error": "TooSlowError", "temporary": True})


async def test_work_that_meets_a_store_that_is_away_is_done_again(autojump_clock, logged):
    tries = 0

    async def work():
        nonlocal tries
        tries += 1
        await trio.lowlevel.checkpoint()
        if tries < 30:
            raise StoreUnavailable
        return tries

    assert await attempt_work(Do("work", work), 5) == Entry("did", "work", 30)
    assert {line["event"] for line in logged} == {"dialog_work_waits_for_store"}


async def test_person_lost_to_another_process_is_no_bug():
    assert await attempt(error=LeaseLost()) == Entry("failed", "work", {"error": "LeaseLost", "temporary": False})
