"""`status`: one screen that tells what is wrong."""

from __future__ import annotations

from dataclasses import replace

import trio

from daemon.admin.verbs.status import StatusArgs, tell_status
from daemon.errors import Permanent
from store.ids import ChatId
from tests.fakes.owners import seize


async def ask(daemon, caller):
    return await tell_status(daemon.operations, caller, StatusArgs())


async def test_healthy_daemon(autojump_clock, daemon, caller, spec):
    await daemon.supervisor.start(spec("poller", is_essential=True))
    await trio.sleep(65)
    reply = await ask(daemon, caller)
    assert (reply.state, reply.is_ready, reply.uptime_seconds, reply.children) == ("running", True, 65, {"running": 1})
    assert reply.facts["web"] == "http://127.0.0.1:8080"


async def test_reason_of_a_check_is_told(autojump_clock, daemon, caller):
    daemon.checks["telegram"] = "401: the token is wrong"
    reply = await ask(daemon, caller)
    assert (reply.is_ready, reply.checks["telegram"]) == (False, "401: the token is wrong")


async def test_missing_child_and_quarantine_are_told(autojump_clock, daemon, caller, spec, expected_errors):
    async def fail(status):
        raise Permanent

    await daemon.supervisor.start(spec("poller", run=fail, is_essential=True))
    await daemon.store.write(daemon.store.quarantine.put(_row(daemon.clock.now())))
    reply = await ask(daemon, caller)
    assert (reply.is_ready, reply.missing) == (False, ("poller",))
    assert (reply.quarantine[0].child, reply.quarantine[0].next_probe_in_seconds) == ("autopilot:7", 60)


def _row(now):
    from store.tables.quarantine import QuarantineRow

    return QuarantineRow("autopilot:7", "ValueError@x", "ValueError", 6, now, now + 60_000)


async def test_counts_of_people_hunts_and_queues(autojump_clock, daemon, caller):
    await daemon.add_person(1)
    await daemon.add_person(2, wish="paused")
    await daemon.store.write(daemon.store.queues.put("inbox", "update:1", ChatId(1), {}, now=1))
    reply = await ask(daemon, caller)
    assert (reply.users, reply.hunts) == (2, {"running": 1, "paused": 1})
    assert [(line.queue, line.waiting, line.buried) for line in reply.queues] == [("inbox", 1, 0), ("outbox", 0, 0)]


async def test_draining_is_told(autojump_clock, daemon, caller):
    daemon.is_draining = True
    assert (await ask(daemon, caller)).state == "draining"


async def test_circuits_of_calls_and_of_the_store_are_shown(autojump_clock, daemon, caller, spec, expected_errors):
    daemon.dependencies.get("telegram")
    board = daemon.dependencies.get("board hh")
    board.enter().fail("BoardTrouble@api.py:get", rest_seconds=20)
    reply = await ask(daemon, caller)
    shown = [(line.dependency, line.state, line.next_probe_in_seconds) for line in reply.circuits]
    assert shown == [("board hh", "open", 20), ("telegram", "closed", 0), ("store", "closed", 0)]


async def test_process_alone_on_its_store_has_everything(autojump_clock, daemon, caller):
    (line,) = (await ask(daemon, caller)).processes
    assert (line.boot_id, line.is_this, line.shards, line.epoch) == ("boot-1", True, 2, 3)
    assert (line.roles, line.trust_seconds, line.beat_seconds_ago) == ("poller, schedule, upkeep", None, None)


async def test_processes_of_a_shared_store_are_told_with_what_they_hold(autojump_clock, daemon, caller):
    store, now = daemon.store, daemon.clock.now()
    own = await seize(store, "boot-1", range(100), roles=("poller",))
    await seize(store, "boot-2", range(90, 256), roles=("schedule",))
    for boot_id in ("boot-1", "boot-2"):
        await store.write(store.members.join(boot_id, lease_ms=15_000, now=now))
    daemon.operations = replace(daemon.operations, ownership=own)
    await trio.sleep(3)
    first, second = (await ask(daemon, caller)).processes
    assert (first.boot_id, first.is_this, first.shards, first.roles, first.trust_seconds) == (
        ("boot-1", True, 90, "poller", 9)
    )
    assert (second.boot_id, second.is_this, second.shards, second.roles, second.trust_seconds) == (
        ("boot-2", False, 166, "schedule", None)
    )
    assert (first.epoch, second.epoch, second.beat_seconds_ago) == (1, 2, 3)
