"""`pause`: a wish with an audit row; what does not run is left as it is."""

from __future__ import annotations

import pytest

from daemon.admin.verbs.pause import pause
from daemon.admin.verbs.wishes import WishArgs
from daemon.admin.wire import AdminError
from tests.fakes.rows import read_audit


async def ask(daemon, caller, user, reason=""):
    return await pause(daemon.operations, caller, WishArgs(user=user, reason=reason))


async def test_hunt_is_paused_with_audit(autojump_clock, daemon, caller):
    await daemon.add_person(42)
    reply = await ask(daemon, caller, "42", "asked by mail")
    assert reply.changed == (42,)
    assert await daemon.wish_of(42) == ("paused", "admin")
    (row,) = await read_audit(daemon.store)
    assert (row.who, row.verb, row.subject, row.reason) == ("socket uid=1000", "pause", "42", "asked by mail")


async def test_all_running_hunts_are_paused(autojump_clock, daemon, caller):
    for user_id, wish in ((1, "running"), (2, "paused"), (3, "running"), (4, "stopped")):
        await daemon.add_person(user_id, wish)
    assert (await ask(daemon, caller, "all")).changed == (1, 3)
    assert await daemon.wish_of(2) == ("paused", "person")
    assert len(await read_audit(daemon.store)) == 2


async def test_paused_hunt_stays_the_persons(autojump_clock, daemon, caller):
    await daemon.add_person(42, "paused")
    reply = await ask(daemon, caller, 42)
    assert (reply.changed, "by person" in reply.text) == ((), True)
    assert await daemon.wish_of(42) == ("paused", "person")
    assert await read_audit(daemon.store) == []


async def test_stranger_is_an_error(autojump_clock, daemon, caller):
    with pytest.raises(AdminError):
        await ask(daemon, caller, "999")
