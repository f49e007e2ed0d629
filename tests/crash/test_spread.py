"""Points spread over processes: the same answers in the same order as one after the other."""

from __future__ import annotations

from tests.crash.spread import Tried, count_workers, run_points, try_all

POINTS = [str(number) for number in range(20)]


def find(point):
    """Every fifth is bad."""
    return Tried(2, [f"bad {point}"] if int(point) % 5 == 0 else [])


def test_many_workers_say_what_one_says():
    assert list(try_all(POINTS, find, workers=3)) == list(try_all(POINTS, find, workers=1))


def test_violation_tells_how_to_repeat_it():
    report = run_points("some", POINTS, find, seed=4, size="sample")
    assert report.points == 40
    assert report.violations[1] == "5: bad 5; python -m tests.crash.faults some --seed 4 --only 5"


def test_broken_build_is_caught_by_its_first_violation(monkeypatch):
    monkeypatch.setenv("CRASH_STOP_AT_FIRST", "1")
    assert run_points("some", POINTS[1:], find, seed=4, size="sample").points == 10


def test_sample_runs_in_its_own_process(monkeypatch):
    monkeypatch.setenv("CRASH_WORKERS", "3")
    assert count_workers("sample") == 1
    assert count_workers("faults") == 3
