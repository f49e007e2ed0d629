"""The kill machine: a sample of its points lived in earnest, a broken build caught, and how points are chosen."""

from __future__ import annotations

from itertools import islice

import pytest

from tests.crash.failpoints import NETWORK_PHASES, STORE_PHASES, Point
from tests.crash.kill_stories import STORIES, find_story
from tests.crash.machines.kill import SAMPLE, doubles_of, is_rising, kind_of, phases_of, read_tally, run, spread

POINTS = [
    f"{story}/{name}#{number}:{phase}"
    for story in ("hunt", "reply")
    for name in ("store", "telegram.sendMessage", "board.get.vacancies")
    for number in range(1, 9)
    for phase in phases_of(name)
]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_at_a_sample_of_points_nothing_doubles_and_nothing_is_lost():
    report = run(size="sample")
    assert report.violations == ()
    assert report.points == len(SAMPLE)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_without_a_ledger_the_machine_finds_a_double(monkeypatch):
    monkeypatch.setenv("CRASH_BROKEN", "no_ledger")
    report = run(size="sample", only="hunt/board.post.negotiations#1:in")
    assert "asked again to apply" in report.violations[0]
    again = "python -m tests.crash.faults kill --seed 1 --only hunt/board.post.negotiations#1:in --broken no_ledger"
    assert report.violations[0].endswith(again)


def test_every_story_and_every_phase_is_in_the_sample():
    assert {point.partition("/")[0] for point in SAMPLE} == {story.name for story in STORIES}
    assert {Point.parse(point).phase for point in SAMPLE} == {*STORE_PHASES, *NETWORK_PHASES}


def test_points_are_spread_over_every_kind():
    chosen = spread(POINTS, 24, seed=1)
    assert len({*chosen}) == 24
    assert {kind_of(point) for point in chosen} == {kind_of(point) for point in POINTS}
    assert spread(POINTS, 24, seed=1) == chosen
    assert spread(POINTS, 24, seed=2) != chosen


def test_no_more_points_are_chosen_than_there_are():
    assert sorted(spread(POINTS, 10_000, seed=1)) == sorted(POINTS)


def test_double_kills_stay_in_one_story():
    doubles = list(islice(doubles_of(POINTS, seed=3), 50))
    assert doubles == list(islice(doubles_of(POINTS, seed=3), 50))
    for double in doubles:
        story, _, places = double.partition("/")
        first, second = places.split("+")
        assert f"{story}/{first}" in POINTS
        assert f"{story}/{second}" in POINTS
    rising = [is_rising(double.partition("+")[2]) for double in doubles]
    assert len(doubles) / 2 <= sum(rising) < len(doubles)
    assert not is_rising("telegram.sendMessage#1:in")


def test_a_tally_names_every_passage(tmp_path):
    path = tmp_path / "tally"
    path.write_text("store#1 leases\ntelegram.getMe#1 \n", encoding="utf-8")
    assert read_tally(path) == [Point("store", 1, "before"), Point("telegram.getMe", 1, "before")]


def test_stories_are_found_by_name():
    assert find_story("refresh").has_stale_login
    with pytest.raises(LookupError):
        find_story("romance")
