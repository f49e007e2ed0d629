"""Both simulated models: a good answer in the shape asked for, and every way to go wrong."""

from __future__ import annotations

import orjson
import pytest
import trio

from daemon.sandbox.models import count_tokens
from daemon.sandbox.service import ConnectionCut

from .model_calls import DATA, LETTER, QUERY, SCREENING, ask_gemini, ask_openai, gemini_text, make_models, openai_text


async def test_both_write_a_letter_in_the_schema():
    models = make_models()
    for text in (gemini_text(await ask_gemini(models.gemini)), openai_text(await ask_openai(models.openai))):
        answer = orjson.loads(text)
        assert list(answer) == ["letter"]
        assert 200 <= len(answer["letter"]) <= 2000
        assert "Backend-разработчик (Python)" in answer["letter"]
        assert answer["letter"].rstrip().endswith("[[NAME]]")


async def test_both_write_a_query_and_a_verdict():
    models = make_models()
    query = orjson.loads(gemini_text(await ask_gemini(models.gemini, QUERY)))["query"]
    assert query.startswith("NAME:(python)")
    verdict = orjson.loads(openai_text(await ask_openai(models.openai, SCREENING)))
    assert verdict["fits"] is True
    assert verdict["reason"]


async def test_unknown_keys_of_a_schema_get_the_emptiest_values():
    schema = {
        "type": "object",
        "properties": {
            "salary": {"type": "integer"},
            "kind": {"type": "string", "enum": ["a", "b"]},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["salary", "kind", "tags"],
        "additionalProperties": False,
    }
    answer = orjson.loads(openai_text(await ask_openai(make_models().openai, schema, instruction="Classify.")))
    assert answer == {"salary": 0, "kind": "a", "tags": []}


async def test_same_seed_gives_the_same_answers():
    first, second = make_models(7), make_models(7)
    for _ in range(5):
        assert (await ask_gemini(first.gemini)).body == (await ask_gemini(second.gemini)).body


async def test_parts_put_together_are_always_json():
    models = make_models(3)
    shapes = set()
    for _ in range(40):
        answer = await ask_gemini(models.gemini)
        parts = orjson.loads(answer.body)["candidates"][0]["content"]["parts"]
        shapes.add((len(parts), any(part.get("thought") for part in parts)))
        assert orjson.loads(gemini_text(answer))["letter"]
    assert {(1, False), (2, True), (2, False), (3, True)} <= shapes


async def test_usage_is_counted():
    gemini = orjson.loads((await ask_gemini(make_models().gemini)).body)["usageMetadata"]
    assert gemini["promptTokenCount"] > 50
    assert gemini["totalTokenCount"] == sum(
        gemini[k] for k in ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
    )
    openai = orjson.loads((await ask_openai(make_models().openai)).body)["usage"]
    assert openai["total_tokens"] == openai["prompt_tokens"] + openai["completion_tokens"]
    assert openai["completion_tokens"] > 50


async def test_every_question_is_logged():
    lines: list[dict[str, object]] = []
    models = make_models(lines=lines)
    models.openai.switches.fail_next("empty")
    await ask_openai(models.openai, SCREENING)
    await ask_gemini(models.gemini)
    told = [(line["provider"], line["purpose"], line["fault"]) for line in lines]
    assert told == [("openai", "screening", "empty"), ("gemini", "letter", None)]


async def test_refusal_has_no_candidates_at_gemini_and_no_content_at_openai():
    models = make_models()
    models.gemini.switches.fail_next("refusal", 2)
    gemini = orjson.loads((await ask_gemini(models.gemini)).body)
    assert "candidates" not in gemini
    assert gemini["promptFeedback"]["blockReason"] == "PROHIBITED_CONTENT"
    message = orjson.loads((await ask_openai(models.openai)).body)["choices"][0]["message"]
    assert message["content"] is None
    assert message["refusal"]


async def test_content_filter_ends_an_answer():
    models = make_models()
    models.gemini.switches.fail_next("content_filter", 2)
    candidate = orjson.loads((await ask_gemini(models.gemini)).body)["candidates"][0]
    assert (candidate["finishReason"], "content" in candidate) == ("SAFETY", False)
    choice = orjson.loads((await ask_openai(models.openai)).body)["choices"][0]
    assert choice["finish_reason"] == "content_filter"


async def test_answer_is_cut_off_by_switch():
    models = make_models()
    models.gemini.switches.fail_next("cut_off", 2)
    gemini = await ask_gemini(models.gemini)
    assert orjson.loads(gemini.body)["candidates"][0]["finishReason"] == "MAX_TOKENS"
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(gemini_text(gemini))
    openai = await ask_openai(models.openai)
    assert orjson.loads(openai.body)["choices"][0]["finish_reason"] == "length"
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(openai_text(openai))


async def test_answer_is_cut_off_when_there_is_no_room_for_it():
    models = make_models()
    gemini = await ask_gemini(models.gemini, config={"maxOutputTokens": 60})
    assert orjson.loads(gemini.body)["candidates"][0]["finishReason"] == "MAX_TOKENS"
    openai = await ask_openai(models.openai, max_tokens=20)
    assert orjson.loads(openai.body)["choices"][0]["finish_reason"] == "length"


async def test_thinking_can_eat_the_whole_budget():
    models = make_models()
    answer = await ask_gemini(models.gemini, config={"maxOutputTokens": 30})
    assert gemini_text(answer) == ""
    no_thinking = {"maxOutputTokens": 30, "thinkingConfig": {"thinkingBudget": 0}}
    assert gemini_text(await ask_gemini(models.gemini, config=no_thinking)) != ""


async def test_empty_answer_is_well_formed():
    models = make_models()
    models.gemini.switches.fail_next("empty", 2)
    assert gemini_text(await ask_gemini(models.gemini)) == ""
    assert openai_text(await ask_openai(models.openai)) == ""


@pytest.mark.parametrize("fault", ["not_json", "wrong_shape", "fenced", "too_short", "obeys_vacancy"])
async def test_texts_go_wrong_by_switch(fault: str):
    models = make_models()
    models.openai.switches.fail_next(fault)  # type: ignore[arg-type]  # the names come from the list above
    text = openai_text(await ask_openai(models.openai))
    match fault:
        case "not_json":
            assert "{" not in text
        case "wrong_shape":
            assert "letter" not in orjson.loads(text)
        case "fenced":
            assert text.startswith("```json")
        case "too_short":
            assert len(orjson.loads(text)["letter"]) == 40
        case _:
            assert "https://" in orjson.loads(text)["letter"]
            assert "+7" in orjson.loads(text)["letter"]
    assert orjson.loads(openai_text(await ask_openai(models.openai)))["letter"]


@pytest.mark.parametrize(("fault", "status"), [("busy", 429), ("quota", 429), ("overloaded", 503), ("error", 500)])
async def test_overload_is_said_in_each_providers_way(fault: str, status: int):
    models = make_models()
    models.gemini.switches.fail_next(fault, 2)  # type: ignore[arg-type]  # the names come from the list above
    gemini, openai = await ask_gemini(models.gemini), await ask_openai(models.openai)
    assert (gemini.status, openai.status) == (status, status)
    assert orjson.loads(gemini.body)["error"]["code"] == status
    assert orjson.loads(openai.body)["error"]["message"]


async def test_busy_tells_when_to_come_back():
    models = make_models()
    models.gemini.switches.retry_seconds = 22
    models.gemini.switches.fail_next("busy", 2)
    details = orjson.loads((await ask_gemini(models.gemini)).body)["error"]["details"]
    assert details[1]["retryDelay"] == "22s"
    assert "PerMinute" in details[0]["violations"][0]["quotaId"]
    assert (await ask_openai(models.openai)).headers["retry-after"] == "22"


async def test_daily_quota_is_told_apart_from_a_busy_minute():
    models = make_models()
    models.gemini.switches.fail_next("quota", 2)
    details = orjson.loads((await ask_gemini(models.gemini)).body)["error"]["details"]
    assert "PerDay" in details[0]["violations"][0]["quotaId"]
    answer = await ask_openai(models.openai)
    assert orjson.loads(answer.body)["error"]["code"] == "insufficient_quota"
    assert "retry-after" not in answer.headers


async def test_share_of_faults_is_kept():
    models = make_models(5)
    models.openai.switches.fail_often("overloaded", 0.3)
    statuses = [(await ask_openai(models.openai)).status for _ in range(200)]
    assert 35 <= statuses.count(503) <= 85
    models.openai.switches.fail_often("overloaded", 0)
    assert (await ask_openai(models.openai)).status == 200


async def test_hanging_model_never_answers_within_a_clients_patience(autojump_clock: trio.testing.MockClock):
    models = make_models()
    models.gemini.switches.fail_next("hang", 2)
    with trio.move_on_after(600) as patience:
        await ask_gemini(models.gemini)
    assert patience.cancelled_caught
    with pytest.raises(ConnectionCut):
        await ask_openai(models.openai)


def test_tokens_grow_with_the_text():
    assert count_tokens("") == 1
    assert count_tokens("слово " * 100) == 201


async def test_answers_differ_from_one_vacancy_to_the_next():
    models = make_models()
    titles = ["Программист Python", "Python developer", "Ведущий разработчик"]
    letters = {openai_text(await ask_openai(models.openai, LETTER, data=DATA | {"vacancy_title": t})) for t in titles}
    assert len(letters) == 3
