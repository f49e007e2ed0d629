"""`tree`: every task, ten thousand of a kind on a few lines."""

from __future__ import annotations

from daemon.admin.verbs.tree import TreeArgs, show_tree


async def show(daemon, caller, **args):
    return await show_tree(daemon.operations, caller, TreeArgs(**args))


async def test_children_are_shown_with_their_phase(autojump_clock, daemon, caller, spec):
    await daemon.supervisor.start(spec("poller"))
    reply = await show(daemon, caller)
    (line,) = [line for line in reply.lines if line.name == "poller"]
    assert (line.phase, line.restarts, line.last_error) == ("running", 0, None)
    assert not reply.is_cut


async def test_many_of_a_kind_are_counted(autojump_clock, daemon, caller, spec):
    for number in range(100):
        await daemon.supervisor.start(spec(f"autopilot:{number}"))
    reply = await show(daemon, caller, each=3)
    hunts = [line for line in reply.lines if line.name.startswith("autopilot:")]
    assert [line.tasks for line in hunts] == [1, 1, 1, 97]
    assert hunts[-1].name == "autopilot:… 97 more"
    assert reply.tasks >= 100


async def test_numbered_workers_are_of_a_kind(autojump_clock, daemon, caller, spec):
    for number in range(12):
        await daemon.supervisor.start(spec(f"inbox worker {number}"))
    reply = await show(daemon, caller, each=3)
    names = [line.name for line in reply.lines if line.name.startswith("inbox")]
    assert names == ["inbox worker 0", "inbox worker 1", "inbox worker 2", "inbox worker … 9 more"]


async def test_tree_is_cut_at_its_limit(autojump_clock, daemon, caller, spec):
    for number in range(20):
        await daemon.supervisor.start(spec(f"kind{chr(97 + number)}:1"))
    reply = await show(daemon, caller, limit=10)
    assert (len(reply.lines), reply.is_cut) == (10, True)


async def test_places_are_shown_when_asked_for(autojump_clock, daemon, caller, spec):
    await daemon.supervisor.start(spec("poller"))
    with_places = {line.name: line.place for line in (await show(daemon, caller, places=True)).lines}
    assert "stay" in with_places["poller"]
    assert {line.place for line in (await show(daemon, caller)).lines} == {None}
