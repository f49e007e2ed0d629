"""The cancel machine: its sample is clean, every window has its turn, and broken builds are found out."""

from __future__ import annotations

import pytest
import trio

import daemon.autopilot.apply
import daemon.supervisor.finishing
from tests.crash.broken import swallowed_cancel, unshielded_confirm
from tests.crash.checkpoints import Checkpoints
from tests.crash.lives import replaced
from tests.crash.machines import cancel
from tests.crash.machines.cancel import Point, kinds_of_blows, run


@pytest.mark.slow
def test_sample_of_the_cancel_machine_is_clean():
    report = run(size="sample")
    assert report.points >= 6
    assert report.violations == ()


def test_every_window_has_its_turn_and_all_offsets_together_are_every_checkpoint(monkeypatch):
    monkeypatch.setattr(cancel, "count_checkpoints", lambda _window, _seed: 40)
    points = [Point.parse(text) for text in cancel.choose_points(10_000, 1)]
    windows = list(kinds_of_blows())
    assert [(point.window, point.blow) for point in points[: len(windows)]] == windows
    for window, blow in windows:
        mine = [point for point in points if (point.window, point.blow) == (window, blow)]
        assert set().union(*(point.targets for point in mine)) == set(range(1, 41))


def test_a_point_is_what_its_name_says():
    point = Point("apply", "life", 3, 7)
    assert Point.parse(str(point)) == point
    assert point.targets == {3, 10, 17, 24}
    assert not point.falls_silent
    assert Point("apply", "hush", 4, 7).falls_silent
    assert not Point("apply", "child", 3, 7).falls_silent
    assert [Point("write", "life", offset, 7).falls_silent for offset in (3, 4)] == [True, False]


async def test_only_steps_inside_the_window_count(autojump_clock):
    class Work:
        async def inside(self):
            await trio.sleep(1)
            await trio.sleep(1)

    struck = []

    def strike(task):
        struck.append((task.name, trio.current_time()))
        return True

    checkpoints = Checkpoints(None, frozenset({2}), strike)
    began = trio.current_time()
    trio.lowlevel.add_instrument(checkpoints)
    with checkpoints.watching(Work, "inside"):
        await trio.sleep(1)
        await Work().inside()
        await trio.sleep(1)
    trio.lowlevel.remove_instrument(checkpoints)
    assert checkpoints.count == 2
    assert checkpoints.strikes == 1
    assert [at - began for _, at in struck] == [2]


def test_swallowed_cancellation_is_found_out():
    with replaced(daemon.autopilot.apply, "_call_board", swallowed_cancel.call_board_to_some_end):
        found = [
            what for offset in range(1, 11) for what in cancel.try_point(f"apply:hush:{offset}:10", seed=1).violations
        ]
    assert any("applied twice" in what for what in found)


def test_unshielded_confirmation_is_found_out():
    bare = unshielded_confirm.Unshielded()
    with replaced(daemon.autopilot.apply, "trio", bare), replaced(daemon.supervisor.finishing, "trio", bare):
        found = [what for offset in (3, 5) for what in cancel.try_point(f"apply:child:{offset}:9", seed=1).violations]
    assert any("threw away the answer" in what for what in found)
