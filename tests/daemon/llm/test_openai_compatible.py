"""Requests to OpenAI-compatible servers, and their answers in every shape they come in."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.llm.model import LlmError, ModelBusy, ModelMisconfigured, ModelRefused, ModelTrouble
from daemon.llm.openai_compatible import OpenAiModel, strict_schema
from daemon.secret import Secret
from tests.daemon.llm.servers import KEY, PROMPT, Server, settings


def choice(content: object = '{"letter": "hi"}', reason: str | None = "stop", **more: object) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, **more}
    usage = {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}
    return {"id": "x", "choices": [{"index": 0, "message": message, "finish_reason": reason}], "usage": usage}


async def complete(server: Server, model: str = "large", **changes: object) -> Any:
    return await OpenAiModel(server.http, settings(**changes), model).complete(PROMPT)


async def test_request_keeps_instruction_and_data_apart() -> None:
    server = Server(choice())
    await complete(server)
    system, user = server.asked["messages"]
    assert (system["role"], user["role"]) == ("system", "user")
    assert user["content"] == '{"vacancy":"Ищем Python"}'
    assert "Ищем" not in system["content"]


async def test_address_and_key() -> None:
    server = Server(choice())
    await complete(server, base_url="http://127.0.0.1:11434/v1/")
    assert str(server.requests[0].url) == "http://127.0.0.1:11434/v1/chat/completions"
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    await complete(server, api_key=None)
    assert "authorization" not in server.requests[1].headers
    assert str(server.requests[1].url) == "https://api.openai.com/v1/chat/completions"


async def test_yandex_gets_its_scheme_and_folder() -> None:
    server = Server(choice())
    await complete(server, "gpt://b1gfolder/yandexgpt/latest", api_key=Secret("Api-Key abc"))
    assert server.requests[0].headers["authorization"] == "Api-Key abc"
    assert server.requests[0].headers["openai-project"] == "b1gfolder"


async def test_json_modes_ask_more_or_less_firmly() -> None:
    for mode, kind in (("schema", "json_schema"), ("object", "json_object"), ("prompt", None)):
        server = Server(choice())
        await complete(server, json_mode=mode)
        assert server.asked.get("response_format", {}).get("type") == kind
        # DeepSeek refuses JSON mode without the word in the prompt.
        assert "json" in server.asked["messages"][0]["content"].lower()
        assert ("JSON Schema" in server.asked["messages"][0]["content"]) is (mode != "schema")


async def test_thinking_models_get_another_limit_and_no_temperature() -> None:
    for model in ("o3-mini", "gpt-5", "openai/gpt-5-mini"):
        server = Server(choice())
        await complete(server, model)
        assert "temperature" not in server.asked
        assert "max_tokens" not in server.asked
        assert server.asked["max_completion_tokens"] > PROMPT.max_tokens
    server = Server(choice())
    await complete(server, "qwen3:8b")
    assert (server.asked["max_tokens"], server.asked["temperature"]) == (PROMPT.max_tokens, PROMPT.temperature)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('<think>let me see {"a": 1}</think>\n{"letter": "hi"}', '\n{"letter": "hi"}'),
        (
            [
                {"type": "reasoning", "text": "hmm"},
                {"type": "text", "text": '{"letter": '},
                {"type": "text", "text": '"hi"}'},
            ],
            '{"letter": "hi"}',
        ),
        ([{"text": '{"letter": "hi"}'}, {"type": "image_url"}], '{"letter": "hi"}'),
    ],
)
async def test_thoughts_and_parts_become_the_answer(content: object, text: str) -> None:
    assert (await complete(Server(choice(content)))).text == text


async def test_missing_usage_is_estimated() -> None:
    for usage in (None, {}, {"prompt_tokens": None}):
        completion = await complete(Server({**choice(), "usage": usage}))
        assert completion.prompt_tokens > 0
        assert completion.completion_tokens == PROMPT.max_tokens


@pytest.mark.parametrize(
    "body",
    [
        choice(refusal="I can't help with that."),
        choice(None, refusal="no"),
        choice(reason="content_filter"),
        choice('{"lett', reason="length"),
        choice(""),
        choice("  "),
        choice(None),
        choice("<think>and then it broke off"),
        choice([]),
        {"choices": []},
        {"choices": [{"message": None}]},
        {"choices": [{}]},
    ],
)
async def test_answers_without_text_are_refusals(body: object) -> None:
    with pytest.raises(ModelRefused):
        await complete(Server(body))


@pytest.mark.parametrize("body", [b"", b"<html>", [], {}, {"choices": "x"}, {"choices": [{"message": {"content": 3}}]}])
async def test_unreadable_answers_are_trouble(body: object) -> None:
    with pytest.raises(ModelTrouble):
        await complete(Server(body))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, ModelTrouble),
        (401, ModelMisconfigured),
        (402, ModelMisconfigured),
        (403, ModelMisconfigured),
        (404, ModelMisconfigured),
        (408, ModelTrouble),
        (413, ModelTrouble),
        (422, ModelTrouble),
        (429, ModelBusy),
        (500, ModelTrouble),
        (502, ModelTrouble),
        (503, ModelBusy),
        (529, ModelBusy),
    ],
)
async def test_every_status_has_its_error_and_none_repeats_the_server(status: int, expected: type[LlmError]) -> None:
    for body in (
        {"error": {"message": f"Incorrect API key provided: {KEY}", "code": None}},
        b"<html>",
        [],
        {"error": 1},
    ):
        with pytest.raises(expected) as caught:
            await complete(Server(body, status))
        assert KEY not in str(caught.value)


async def test_busy_says_how_long() -> None:
    for code, headers, seconds in ((None, {"Retry-After": "12"}, 12), (None, {}, 20), ("insufficient_quota", {}, 3600)):
        with pytest.raises(ModelBusy) as caught:
            await complete(Server({"error": {"code": code}}, 429, headers))
        assert caught.value.retry_after_seconds == seconds


def test_strict_schema_requires_every_key_at_every_depth() -> None:
    inner = {"type": "object", "properties": {"b": {"type": "string"}}}
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": inner}}}
    strict = strict_schema(schema)
    assert strict["required"] == ["a"]
    assert strict["additionalProperties"] is False
    assert strict["properties"]["a"]["items"]["required"] == ["b"]
    assert "required" not in inner
