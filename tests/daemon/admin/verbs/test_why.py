"""`why`: the first closed gate is the reason."""

from __future__ import annotations

import pytest

from daemon.admin.operations import GateLine
from daemon.admin.verbs.why import WhyArgs, explain_hunt
from daemon.admin.wire import AdminError


async def ask(daemon, caller, user=1):
    return await explain_hunt(daemon.operations, caller, WhyArgs(user=user))


async def test_first_closed_gate_is_the_verdict(autojump_clock, daemon, caller):
    await daemon.add_person(1)
    daemon.gates = [
        GateLine("wish", "hunt", True, "wants to run"),
        GateLine("day_cap", "apply", False, "40 of 40 today", until=daemon.clock.now() + 3_600_000),
        GateLine("captcha", "apply", False, "a captcha waits"),
    ]
    reply = await ask(daemon, caller)
    assert reply.verdict == "day_cap: 40 of 40 today"
    assert [gate.opens_in_seconds for gate in reply.gates] == [None, 3600, None]


async def test_open_gates_are_a_verdict_too(autojump_clock, daemon, caller, spec):
    await daemon.add_person(1)
    await daemon.supervisor.start(spec("autopilot:1"))
    reply = await ask(daemon, caller)
    assert "nothing keeps" in reply.verdict
    assert reply.task == "running, 0 restarts"


async def test_hunt_without_task_says_so(autojump_clock, daemon, caller):
    await daemon.add_person(1)
    assert (await ask(daemon, caller)).task == "no task"


async def test_failing_hunt_tells_its_last_error(autojump_clock, daemon, caller, spec):
    async def fail(status):
        raise ValueError

    await daemon.add_person(1)
    await daemon.supervisor.start(spec("autopilot:1", run=fail))
    assert "ValueError" in (await ask(daemon, caller)).task


async def test_stranger_is_an_error(autojump_clock, daemon, caller):
    with pytest.raises(AdminError) as caught:
        await ask(daemon, caller, user=999)
    assert caught.value.kind == "unknown_user"


async def test_what_rests_for_everybody_is_told_and_the_rest_is_not(autojump_clock, daemon, caller, expected_errors):
    await daemon.add_person(1)
    daemon.dependencies.get("telegram")
    daemon.dependencies.get("board hh").enter().fail("BoardTrouble@api.py:get", rest_seconds=20)
    (line,) = (await ask(daemon, caller)).circuits
    assert (line.dependency, line.state) == ("board hh", "open")
