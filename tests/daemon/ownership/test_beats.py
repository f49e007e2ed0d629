"""A member is silent when its count was watched unchanged for its whole lease, and by nothing else."""

from __future__ import annotations

from dataclasses import replace

from daemon.ownership.beats import BeatWatch
from store.durable.members import MemberRow

IVAN = MemberRow("boot-a", 1, 15_000, 0, 0)


def look(watch, at, *members, took=0.0):
    return watch.find_silent(members, asked_at=at, answered_at=at + took)


def test_unchanged_count_is_silence_after_its_lease():
    watch = BeatWatch()
    assert look(watch, 0, IVAN) == []
    assert look(watch, 14.9, IVAN) == []
    assert look(watch, 15, IVAN) == [IVAN]


def test_beat_begins_the_watch_anew():
    watch = BeatWatch()
    look(watch, 0, IVAN)
    later = replace(IVAN, beat=2)
    assert look(watch, 14, later) == []
    assert look(watch, 28.9, later) == []
    assert look(watch, 29, later) == [later]


def test_answer_that_took_long_counts_neither_before_nor_after():
    watch = BeatWatch()
    look(watch, 0, IVAN, took=10)
    assert look(watch, 20, IVAN, took=10) == []
    assert look(watch, 25, IVAN) == [IVAN]


def test_time_without_a_look_is_forgotten_when_the_store_was_away():
    watch = BeatWatch()
    look(watch, 0, IVAN)
    watch.forget()
    assert look(watch, 100, IVAN) == []


def test_each_has_a_lease_of_its_own_and_old_names_go():
    watch = BeatWatch()
    quick = MemberRow("boot-q", 1, 5_000, 0, 0)
    look(watch, 0, IVAN, quick)
    assert look(watch, 6, IVAN, quick) == [quick]
    assert look(watch, 7, IVAN) == []
    assert look(watch, 8, IVAN, quick) == []
