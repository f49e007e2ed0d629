"""`quarantine`: who was given up for a while and why; trying them now, with an audit row for each."""

from __future__ import annotations

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from daemon.admin.tables import print_reply
from daemon.admin.verb import Verb
from daemon.admin.verbs.quarantine import NO_TASK, QUARANTINE, QuarantineArgs, show_quarantine
from daemon.admin.wire import AdminError
from daemon.errors import Permanent
from daemon.supervisor.child import ChildSpec
from daemon.supervisor.health import Phase
from store.tables.quarantine import QuarantineRow
from tests.fakes.rows import read_audit


class Broken(Permanent):
    """Will not pass by itself."""


class Hunt:
    """Fails until it is mended."""

    def __init__(self):
        self.is_mended = False
        self.tries = 0

    async def run(self, status):
        self.tries += 1
        if not self.is_mended:
            raise Broken
        status.started()
        await trio.sleep_forever()


async def ask(daemon, caller, *words):
    args = QuarantineArgs.model_validate(QUARANTINE.words_to_args(words))
    return await show_quarantine(daemon.operations, caller, args)


async def put_inside(daemon, user_id):
    """A hunt that has just been given up, in the supervisor and in the store."""
    hunt = Hunt()
    daemon.supervisor.launch(ChildSpec(f"autopilot:{user_id}", hunt.run))
    await wait_all_tasks_blocked()
    assert daemon.supervisor.find(f"autopilot:{user_id}").phase is Phase.QUARANTINED
    await add_row(daemon, user_id)
    return hunt


async def add_row(daemon, user_id):
    now = daemon.clock.now()
    row = QuarantineRow(f"autopilot:{user_id}", "Broken@test.py:run", "Broken", 3, now - 90_000, now + 60_000)
    await daemon.store.write(daemon.store.quarantine.put(row))


async def test_everybody_inside_is_listed(autojump_clock, daemon, caller, expected_errors):
    await put_inside(daemon, 42)
    await add_row(daemon, 7)
    reply = await ask(daemon, caller)
    assert reply.text == "2 inside"
    assert {(line.child, line.task) for line in reply.inside} == {
        ("autopilot:42", "quarantined"),
        ("autopilot:7", NO_TASK),
    }
    assert (reply.inside[0].inside_seconds, reply.inside[0].next_probe_in_seconds) == (90, 60)
    assert await ask(daemon, caller, "list") == reply
    assert [line.child for line in (await ask(daemon, caller, "list", "7")).inside] == ["autopilot:7"]


async def test_mended_hunt_runs_after_retry(autojump_clock, daemon, caller, expected_errors):
    hunt = await put_inside(daemon, 42)
    hunt.is_mended = True
    reply = await ask(daemon, caller, "retry", "42")
    assert reply.retried == ("autopilot:42",)
    await wait_all_tasks_blocked()
    assert daemon.supervisor.find("autopilot:42").phase is Phase.RUNNING
    (row,) = await read_audit(daemon.store)
    assert (row.who, row.verb, row.subject) == ("socket uid=1000", "quarantine retry", "autopilot:42")


async def test_hunt_that_fails_again_goes_back_inside(autojump_clock, daemon, caller, expected_errors):
    hunt = await put_inside(daemon, 42)
    await ask(daemon, caller, "retry", "autopilot:42")
    await wait_all_tasks_blocked()
    assert hunt.tries == 2
    assert daemon.supervisor.find("autopilot:42").phase is Phase.QUARANTINED


async def test_all_are_tried_and_those_without_task_are_counted(autojump_clock, daemon, caller, expected_errors):
    await put_inside(daemon, 1)
    await put_inside(daemon, 2)
    await add_row(daemon, 3)
    reply = await ask(daemon, caller, "retry", "all")
    assert set(reply.retried) == {"autopilot:1", "autopilot:2"}
    assert reply.text == "2 tried now; 1 have no task to be tried"


async def test_nobody_inside_is_no_error_for_all(autojump_clock, daemon, caller):
    assert (await ask(daemon, caller, "retry", "all")).text == "0 tried now"
    assert (await ask(daemon, caller)).inside == ()


@pytest.mark.parametrize("words", [("retry",), ("retry", "42"), ("retry", "outbox")])
async def test_whom_nobody_knows_inside_is_an_error(autojump_clock, daemon, caller, words):
    with pytest.raises(AdminError):
        await ask(daemon, caller, *words)


def test_other_words_are_refused_with_the_usage():
    assert isinstance(QUARANTINE, Verb)
    with pytest.raises(AdminError, match="quarantine \\[list \\| retry USER\\|all\\]"):
        QUARANTINE.read_args(QUARANTINE.words_to_args(["forgive", "42"]))


async def test_answer_is_a_table(autojump_clock, daemon, caller):
    from dataclasses import asdict

    from rich.console import Console

    await add_row(daemon, 7)
    console = Console(record=True, width=160)
    print_reply(console, "quarantine", {**asdict(await ask(daemon, caller)), "retried": []} | {
        "inside": [asdict(line) for line in (await ask(daemon, caller)).inside]
    })  # fmt: skip
    shown = console.export_text()
    assert "1 inside" in shown
    assert "autopilot:7" in shown
    assert "1 min 30 s" in shown
