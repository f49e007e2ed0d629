"""Done but lost: its sample is clean, its points are all writes, reads and requests, and a forgetful dialog is found."""

from __future__ import annotations

from collections import Counter

import pytest
import trio

from daemon.dialogs.live import LiveDialogs
from daemon.sandbox.service import ConnectionCut
from store.errors import StoreUnavailable
from tests.crash.lives import Life, Step, replaced
from tests.crash.machines.done_but_lost import SAMPLE, Liar, name_points, run


@pytest.mark.slow
def test_sample_is_clean():
    report = run(size="sample")
    assert report.points == SAMPLE
    assert report.violations == ()


async def test_liar_says_of_one_thing_that_it_failed(tmp_path):
    life = Life(1, tmp_path / "a.db", Liar(""))
    for point, step, what, error in (
        ("write:2", Step.AFTER_WRITE, "hunts", StoreUnavailable),
        ("request:2", Step.BEFORE_ANSWER, "POST /hh/token", ConnectionCut),
    ):
        liar = Liar(point)
        await liar.step(life, step, "something /else")
        await liar.step(life, Step.BEFORE_SEND, what)
        with pytest.raises(error):
            await liar.step(life, step, what)
        await liar.step(life, step, what)
        assert liar.told == [what.rpartition("/")[2]]


async def test_each_kind_of_read_is_lost_once(tmp_path):
    life, liar = Life(1, tmp_path / "a.db", Liar("")), Liar("read:2")
    await liar.read(life, "SELECT 1")
    await liar.read(life, "SELECT 1")
    with pytest.raises(StoreUnavailable):
        await liar.read(life, "SELECT 2")
    await liar.read(life, "SELECT 2")
    assert liar.counts["read"] == 2


def test_points_are_of_every_kind():
    kinds = Counter(point.partition(":")[0] for point in name_points(1))
    assert kinds["write"] > 80
    assert kinds["request"] > 50
    assert kinds["read"] > 25


@pytest.mark.slow
def test_dialog_that_does_not_come_back_is_found_out():
    async def stay_away(*_arguments):
        await trio.lowlevel.checkpoint()

    with replaced(LiveDialogs, "_come_back", stay_away):
        # Somewhere there a press sets outside work going; which write it is may change with the story.
        tries = (run(size="sample", only=f"write:{number}").violations for number in range(16, 36))
        found = next(filter(None, tries))
    assert any("the story did not end" in violation for violation in found)
    assert "--only write:" in found[0]
