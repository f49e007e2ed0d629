"""`resume`: gives back what an operator took, never what a person paused."""

from __future__ import annotations

import pytest

from daemon.admin.verbs.resume import resume
from daemon.admin.verbs.wishes import WishArgs
from daemon.admin.wire import AdminError
from tests.fakes.rows import read_audit


async def ask(daemon, caller, user):
    return await resume(daemon.operations, caller, WishArgs(user=user))


async def test_operators_pause_is_taken_back(autojump_clock, daemon, caller):
    await daemon.add_person(42, "paused", by="admin")
    assert (await ask(daemon, caller, "42")).changed == (42,)
    assert (await daemon.wish_of(42))[0] == "running"
    (row,) = await read_audit(daemon.store)
    assert (row.verb, row.subject) == ("resume", "42")


@pytest.mark.parametrize("wish", ["paused", "stopped"])
async def test_persons_own_wish_is_never_undone(autojump_clock, daemon, caller, wish):
    await daemon.add_person(42, wish)
    with pytest.raises(AdminError) as caught:
        await ask(daemon, caller, "42")
    assert caught.value.kind == "not_ours"
    assert await daemon.wish_of(42) == (wish, "person")


async def test_all_means_all_that_operators_paused(autojump_clock, daemon, caller):
    await daemon.add_person(1, "paused", by="admin")
    await daemon.add_person(2, "paused")
    reply = await ask(daemon, caller, "all")
    assert (reply.changed, reply.unchanged) == ((1,), 1)
    assert await daemon.wish_of(2) == ("paused", "person")


async def test_running_hunt_is_left_alone(autojump_clock, daemon, caller):
    await daemon.add_person(42)
    assert (await ask(daemon, caller, "42")).changed == ()


async def test_stranger_is_an_error(autojump_clock, daemon, caller):
    with pytest.raises(AdminError):
        await ask(daemon, caller, "999")
