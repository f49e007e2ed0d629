"""Outside work whose outcome can't be saved: waited for, or looked up in the journal; no dialog stands still for it.

The disk machine found a newcomer who waited for ever: the disk had room again a second after the engine gave up.
"""

import pytest
import trio

from daemon.outbox.message import Text
from store.errors import StoreUnavailable
from tests.fakes.conversation import keys


class Errands:
    """Two errands one after the other."""

    def __init__(self):
        self.begun = []

    async def run_first(self):
        self.begun.append("first")
        await trio.sleep(1)

    async def run_second(self):
        self.begun.append("second")
        await trio.sleep(1)

    def script(self):
        async def errands(dialog):
            await dialog.do("first", self.run_first)
            dialog.say(Text("t.first"))
            await dialog.do("second", self.run_second)
            dialog.say(Text("t.second"))

        return errands


class BadStore:
    """`write` of a store for some seconds from some moment on."""

    def __init__(self, store, bad, *, is_done):
        self.real, self.bad, self.is_done = store.write, bad, is_done

    async def write(self, write):
        if trio.current_time() not in self.bad:
            return await self.real(write)
        if self.is_done:
            await self.real(write)
            self.bad = ()
        raise StoreUnavailable


class Seconds:
    """Moments of the virtual clock, counted from now."""

    def __init__(self, first, last):
        self.first, self.last = trio.current_time() + first, trio.current_time() + last

    def __contains__(self, moment):
        return self.first <= moment < self.last


async def test_outcome_is_kept_until_the_disk_has_room(bench, autojump_clock, monkeypatch):
    errands = Errands()
    async with bench.engine(errands.script()):
        await bench.conversation.say("/start")
        monkeypatch.setattr(bench.store, "write", BadStore(bench.store, Seconds(0.5, 900), is_done=False).write)
        await trio.sleep(1000)
        assert keys(await bench.conversation.settle()) == ["t.first", "t.second"]
    assert errands.begun == ["first", "second"]


async def test_outcome_saved_without_a_word_leads_on(bench, autojump_clock, monkeypatch, logged):
    errands = Errands()
    async with bench.engine(errands.script()):
        await bench.conversation.say("/start")
        monkeypatch.setattr(bench.store, "write", BadStore(bench.store, Seconds(0.5, 900), is_done=True).write)
        await trio.sleep(100)
        assert keys(await bench.conversation.settle()) == ["t.first", "t.second"]
    assert errands.begun == ["first", "second"]
    assert "dialog_work_unsaved" in [line["event"] for line in logged]


@pytest.mark.parametrize("seconds", [3, 300])
async def test_work_is_taken_up_again_after_a_start_on_a_bad_disk(bench, autojump_clock, monkeypatch, seconds):
    errands = Errands()
    async with bench.engine(errands.script()):
        await bench.conversation.say("/start")
    fetch_all = bench.store.journals._reader.fetch_all
    bad = Seconds(0.5, seconds)

    async def fetch(sql, *parameters):
        if "journal_entries" in sql and trio.current_time() in bad:
            raise StoreUnavailable
        return await fetch_all(sql, *parameters)

    monkeypatch.setattr(bench.store.journals._reader, "fetch_all", fetch)
    bad.first = trio.current_time()
    async with bench.engine(errands.script()):
        await trio.sleep(1000)
        assert keys(await bench.conversation.settle()) == ["t.first", "t.second"]
