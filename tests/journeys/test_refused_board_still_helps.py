"""The board shuts its applicants' door: the hunt goes on with a pasted resume, cards with letters, and one's own hand."""

from __future__ import annotations

import pytest
import trio

from tests.journeys.stage import open_stage

RESUME = (
    "Python-разработчик. Шесть лет пишу серверную часть веб-сервисов: FastAPI, Django, PostgreSQL, очереди, Docker. "
    "Последние три года отвечала за платёжный шлюз, дежурила, учила новичков. Ищу удалённую работу в продуктовой команде."
)
PASTES = (("Пришлите резюме", RESUME),)

pytestmark = pytest.mark.slow


async def test_refused_board_turns_to_assisted_mode(autojump_clock, tmp_path):
    async with open_stage(tmp_path) as stage:
        stage.world.hh.state.close_applicant_api()
        stage.enter(replies=PASTES)
        await stage.until_said("📨", 3)
        cards = [act for act in stage.world.log.acts("message") if str(act.get("text")).startswith("📨")]
        assert all("/vacancy" in str(act.get("links")) for act in cards)
        assert stage.world.log.count("application_made") == 0
        assert stage.verdict().duplicates == 0


async def test_closed_applications_alone_are_said_once(autojump_clock, tmp_path):
    async with open_stage(tmp_path) as stage:
        stage.world.hh.state.close_applicant_api(("negotiations",))
        stage.enter()
        await stage.until_said("📨", 3)
        await trio.sleep(3600)
        told = [text for text in stage.said() if "через программы" in text]
        assert len(told) == 1
        assert stage.world.log.count("application_made") == 0


async def test_door_that_shuts_later_loses_nothing_prepared(autojump_clock, tmp_path):
    async with open_stage(tmp_path) as stage:
        stage.enter()
        await stage.until("application_made", 2)
        stage.world.hh.state.close_applicant_api(("negotiations",))
        await stage.until_said("📨", 2)
        verdict = stage.verdict()
        assert verdict.duplicates == 0
        assert not any("does not know" in problem for problem in verdict.problems)
