"""People block, come back, send stickers into questions, press old buttons and other people's: every one is answered."""

from __future__ import annotations

import pytest
import trio

from tests.journeys.stage import open_stage

pytestmark = pytest.mark.slow


async def test_person_who_blocks_is_left_alone_and_welcomed_back(autojump_clock, tmp_path):
    async with open_stage(tmp_path, AURORA_AUTOPILOT__INTERVAL_SECONDS="60") as stage:
        anna = stage.enter()
        await stage.until("application_made", 2)
        await stage.until_told(2)
        stage.world.people.block(anna.user_id)
        await trio.sleep(120)
        made, said = stage.world.log.count("application_made"), len(stage.said())
        await trio.sleep(6 * 3600)
        assert stage.world.log.count("application_made") == made, "nobody is there to be told"
        assert len(stage.said()) == said
        stage.world.people.send_text(anna.user_id, "/autopilot")
        await stage.until("application_made", made + 1, within_seconds=6 * 3600)
        assert stage.verdict().duplicates == 0


async def test_anything_sent_into_a_question_is_answered(autojump_clock, tmp_path):
    async with open_stage(tmp_path) as stage:
        anna = stage.world.people.add("Анна")
        people, user_id = stage.world.people, anna.user_id
        people.send_text(user_id, "/start")
        await stage.until_said("На каком языке")
        for send in (
            lambda: people.send_sticker(user_id),
            lambda: people.send_photo(user_id, "это я"),
            lambda: people.forward_text(user_id, "чужие слова"),
            lambda: people.send_text(user_id, "👨‍👩‍👧 مرحبا " * 3),
            lambda: people.send_text(user_id, "x" * 10_000),
            lambda: people.send_text(user_id, "/help"),
            lambda: people.send_text(user_id, "/nonsense"),
            lambda: people.press_data(user_id, 1, "button of last year"),
        ):
            before = stage.world.log.count("message", "press_answered")
            send()
            await trio.sleep(30)
            assert stage.world.log.count("message", "press_answered") > before
        question = next(m for m in people.messages(user_id) if "На каком языке" in m.text)
        people.press(user_id, question.message_id)
        await stage.until_said("Согласны?")
        assert [p for p in stage.verdict().problems if "lost" in p] == []


async def test_button_of_somebody_else_does_nothing_and_says_so(autojump_clock, tmp_path):
    async with open_stage(tmp_path) as stage:
        people = stage.world.people
        anna, boris = people.add("Анна"), people.add("Борис")
        for person in (anna, boris):
            people.send_text(person.user_id, "/start")
        await stage.until_said("На каком языке", 2)
        question = next(m for m in people.messages(anna.user_id) if m.inline_rows)
        query = people.press_data(boris.user_id, question.message_id, question.inline_rows[0][0]["callback_data"])
        await trio.sleep(30)
        [answer] = [act for act in stage.world.log.acts("press_answered") if act.get("query") == query]
        assert answer.get("text"), "in words"
        assert not any("Согласны" in m.text for m in people.messages(boris.user_id) + people.messages(anna.user_id))


async def test_double_press_goes_one_step(autojump_clock, tmp_path):
    async with open_stage(tmp_path) as stage:
        people = stage.world.people
        anna = people.add("Анна")
        people.send_text(anna.user_id, "/start")
        await stage.until_said("На каком языке")
        question = next(m for m in people.messages(anna.user_id) if m.inline_rows)
        data = question.inline_rows[0][0]["callback_data"]
        queries = [people.press_data(anna.user_id, question.message_id, data) for _ in range(2)]
        await trio.sleep(30)
        assert sum("Согласны" in text for text in stage.said()) == 1
        assert {act.get("query") for act in stage.world.log.acts("press_answered")} == set(queries)
