"""A newcomer presses the first button all the way through, pastes the login's address, and applications go out."""

from __future__ import annotations

import pytest

from tests.journeys.stage import open_stage

pytestmark = pytest.mark.slow


async def test_newcomer_reaches_first_application(autojump_clock, tmp_path):
    async with open_stage(tmp_path) as stage:
        stage.enter()
        await stage.until("application_made", 3)
        await stage.until_said("✅ Отклик отправлен", 3)
        verdict = stage.verdict()
    assert verdict.applied >= 3
    assert verdict.duplicates == 0
    letters = [str(act.get("letter")) for act in stage.world.log.acts("application_made")]
    assert all(200 <= len(letter) <= 2000 for letter in letters)
    assert "пришлите сюда" in " ".join(stage.said())


async def test_english_speaker_is_spoken_to_in_english(autojump_clock, tmp_path):
    async with open_stage(tmp_path) as stage:
        stage.enter("daniel.whitfield@example.com")
        await stage.until_said("✅ Applied")
    assert not any("Здравствуйте" in text for text in stage.said())


async def test_day_ends_at_its_limit(autojump_clock, tmp_path):
    async with open_stage(tmp_path, AURORA_AUTOPILOT__DAILY_LIMIT="4") as stage:
        anna = stage.enter()
        await stage.until("application_made", 4)
        before = autojump_clock.current_time()
        await stage.until("application_made", 5, within_seconds=30 * 3600)
        assert autojump_clock.current_time() - before > 20 * 3600
        assert anna.presses > 3
        assert stage.verdict().duplicates == 0
