"""Outside work and its outcome."""

import pytest
import trio

from daemon.boards.board import BoardTrouble, LoginLost
from daemon.dialogs.running import Entry
from daemon.dialogs.steps import Do
from daemon.dialogs.work import attempt_work, write_patiently
from store.errors import Conflict, LeaseLost, StoreUnavailable
from store.write import NOTHING


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


class FullDisk:
    """Takes no writes for a while."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.tries = 0

    async def write(self, write):
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)


async def test_full_disk_is_waited_for_as_long_as_it_takes(autojump_clock):
    store = FullDisk(*[StoreUnavailable()] * 500)
    await write_patiently(store, NOTHING)
    assert store.tries == 501


async def test_conflict_is_not_tried_again():
    store = FullDisk(Conflict())
    with pytest.raises(Conflict):
        await write_patiently(store, NOTHING)
    assert store.tries == 1


async def test_person_lost_to_another_process_is_no_bug():
    assert await attempt(error=LeaseLost()) == Entry("failed", "work", {"error": "LeaseLost", "temporary": False})
