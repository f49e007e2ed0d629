"""A commit that was carried out while its caller heard nothing of it, or something else: the dialog goes on."""

from __future__ import annotations

import contextlib

import pytest
import trio

from store.errors import StoreUnavailable
from tests.daemon.dialogs.test_live import Errand
from tests.fakes.conversation import keys


@pytest.mark.parametrize("how", ["reported as failed", "cancelled"])
async def test_work_begins_although_nobody_heard_of_the_commit_before_it(bench, autojump_clock, monkeypatch, how):
    errand, write = Errand(), bench.store.write

    async def carry_out_unheard(what):
        await write(what)
        if not any("UPDATE journals" in statement.sql for statement in what.statements):
            return
        monkeypatch.setattr(bench.store, "write", write)
        if how == "reported as failed":
            raise StoreUnavailable("nobody knows")
        scope.cancel()
        await trio.sleep_forever()

    async with bench.engine(errand.script()):
        chat = bench.conversation
        await chat.say("/start")
        monkeypatch.setattr(bench.store, "write", carry_out_unheard)
        with trio.CancelScope() as scope, contextlib.suppress(StoreUnavailable):
            await chat.press(0)
        errand.may_end.set()
        await trio.sleep(2)
        assert errand.begun == 1
        assert keys(await chat.settle())[-2:] == ["t.result", "t.again"]
