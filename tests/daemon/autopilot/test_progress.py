"""The checkpoint: survives the store, takes older shapes, starts anew where it can't be read."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.autopilot.progress import SHAPE, AutopilotProgress


def test_checkpoint_survives_json() -> None:
    progress = AutopilotProgress().to("applying", "42:hh:1", next_application_at=5, captchas=2)
    assert AutopilotProgress.read(progress.dump()) == progress


def test_next_checkpoint_keeps_what_is_not_changed() -> None:
    progress = AutopilotProgress(captchas=3, next_application_at=9).to("searching", troubles=1)
    assert (progress.captchas, progress.next_application_at, progress.troubles) == (3, 9, 1)
    assert (progress.step, progress.vacancy) == ("searching", "")


@pytest.mark.parametrize("state", [None, {}, {"shape": "x"}, [], "text", {"next_application_at": None}])
def test_unreadable_checkpoint_starts_anew(state: Any) -> None:
    assert AutopilotProgress.read(state) == AutopilotProgress()


def test_newer_shape_starts_anew() -> None:
    assert AutopilotProgress.read({"shape": SHAPE + 1, "captchas": 7}) == AutopilotProgress()


def test_unknown_fields_are_ignored() -> None:
    assert AutopilotProgress.read({"captchas": 2, "mood": "good"}).captchas == 2
