"""Health: the states of all children summed up."""

from __future__ import annotations

import trio

from daemon.supervisor.child import ChildSpec
from daemon.supervisor.health import ChildState, Phase, summarize


def child(name, phase, *, is_essential=False, restarts=0):
    state = ChildState(ChildSpec(name, trio.lowlevel.checkpoint, is_essential=is_essential), since=0)
    state.phase = phase
    state.restarts = restarts
    return state


def test_phases_and_restarts_are_counted():
    health = summarize([child("a", Phase.RUNNING, restarts=2), child("b", Phase.RUNNING), child("c", Phase.HELD)])
    assert (health.phases, health.restarts, health.is_ready) == ({"running": 2, "held": 1}, 2, True)


def test_essential_child_that_is_not_up_is_missing():
    health = summarize([child("poller", Phase.WAITING, is_essential=True), child("hunt", Phase.QUARANTINED)])
    assert (health.missing, health.is_ready) == (("poller",), False)


async def test_waiting_for_what_has_happened_returns_at_once(autojump_clock):
    state = child("a", Phase.ENDED)
    await state.wait_ended()
    await state.wait_settled()
    assert trio.current_time() == 0


async def test_those_who_wait_are_woken(autojump_clock, nursery):
    state = child("a", Phase.STARTING)
    woken = []

    async def wait(name, until):
        await until()
        woken.append(name)

    nursery.start_soon(wait, "settled", state.wait_settled)
    nursery.start_soon(wait, "ended", state.wait_ended)
    await trio.testing.wait_all_tasks_blocked()
    state.enter(Phase.RUNNING, 1)
    await trio.testing.wait_all_tasks_blocked()
    assert woken == ["settled"]
    state.enter(Phase.ENDED, 2)
    await trio.testing.wait_all_tasks_blocked()
    assert woken == ["settled", "ended"]


def test_state_carries_no_dictionary():
    assert not hasattr(child("a", Phase.RUNNING), "__dict__")
