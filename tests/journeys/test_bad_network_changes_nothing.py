"""Everything outside is slow, refuses, cuts and lies; the same applications go out, once each, and are told in order."""

from __future__ import annotations

import pytest

from tests.journeys.stage import open_stage

pytestmark = pytest.mark.slow

BAD_BOARD = ("error", "too_many", "reset_before", "reset_after", "half_answer", "broken_json", "html", "late_commit")
BAD_TELEGRAM = ("error", "too_many", "reset_before", "latency")
"""Without lost answers: a message whose answer is lost may be said twice, and that is another test's matter."""


@pytest.mark.parametrize("kind", BAD_BOARD)
async def test_board_that_fails_is_applied_to_once(autojump_clock, tmp_path, kind):
    async with open_stage(
        tmp_path, AURORA_AUTOPILOT__GRACE_SECONDS="30", AURORA_AUTOPILOT__INTERVAL_SECONDS="60"
    ) as stage:
        stage.world.hh.state.rules.visible_after_seconds = 5
        stage.world.faults.add(
            kind, service="hh", method="POST", path="/negotiations", probability=0.5, count=4, seconds=10
        )
        stage.enter()
        await stage.until("application_made", 6, within_seconds=12 * 3600)
        await stage.until_told(6)
        verdict = stage.verdict()
        assert verdict.duplicates == 0, verdict.problems
        assert not [problem for problem in verdict.problems if "board does not know" in problem]
        assert stage.world.log.count("fault") >= 1


@pytest.mark.parametrize("kind", BAD_TELEGRAM)
async def test_telegram_that_fails_is_spoken_to_in_order(autojump_clock, tmp_path, kind):
    async with open_stage(tmp_path) as stage:
        stage.world.faults.add(kind, service="telegram", path="*/send*", probability=0.3, seconds=2)
        stage.enter()
        await stage.until("application_made", 3, within_seconds=12 * 3600)
        await stage.until_told(3)
        said = stage.said()
        order = [
            next(n for n, text in enumerate(said) if part in text) for part in ("Я Аврора", "Согласны", "подключим")
        ]
        assert order == sorted(order)
        assert stage.verdict().doubled_messages == 0


async def test_lost_answers_of_telegram_double_little_and_lose_nothing(autojump_clock, tmp_path):
    async with open_stage(tmp_path) as stage:
        stage.world.faults.add("reset_after", service="telegram", path="*/sendMessage", probability=0.2)
        stage.enter()
        await stage.until("application_made", 3, within_seconds=12 * 3600)
        await stage.until_told(3)
        struck = stage.world.log.count("fault")
        assert stage.verdict().doubled_messages <= struck


async def test_captcha_is_handed_to_its_person(autojump_clock, tmp_path):
    async with open_stage(tmp_path, AURORA_AUTOPILOT__INTERVAL_SECONDS="60") as stage:
        stage.enter()
        await stage.until("application_made", 2)
        stage.world.hh.state.require_captcha()
        await stage.until("captcha_solved", 1)
        made = stage.world.log.count("application_made")
        await stage.until("application_made", made + 2, within_seconds=6 * 3600)
        assert stage.verdict().duplicates == 0
