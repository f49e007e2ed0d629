"""Gemini's requests, and its answers in every shape they come in."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.llm.gemini import THINKING_TOKENS, GeminiModel, gemini_schema
from daemon.llm.model import LlmError, ModelBusy, ModelMisconfigured, ModelRefused, ModelTrouble
from tests.daemon.llm.servers import KEY, PROMPT, Server, settings

NAME = "gemini-3.5-flash"


def candidate(*parts: dict[str, Any], reason: str | None = "STOP") -> dict[str, Any]:
    usage = {"promptTokenCount": 11, "candidatesTokenCount": 5, "thoughtsTokenCount": 7}
    one = {"content": {"role": "model", "parts": list(parts)}, "finishReason": reason}
    return {"candidates": [one], "usageMetadata": usage, "modelVersion": NAME}


GOOD = candidate({"text": '{"letter": '}, {"text": '"hi"}'})


async def complete(server: Server, **changes: object) -> Any:
    return await GeminiModel(server.http, settings(**changes), NAME).complete(PROMPT)


async def test_request_keeps_instruction_and_data_apart() -> None:
    server = Server(GOOD)
    await complete(server)
    asked = server.asked
    assert asked["contents"] == [{"role": "user", "parts": [{"text": '{"vacancy":"Ищем Python"}'}]}]
    assert "Ищем Python" not in asked["systemInstruction"]["parts"][0]["text"]
    assert asked["systemInstruction"]["parts"][0]["text"].startswith("Write a letter.")
    assert asked["generationConfig"]["maxOutputTokens"] == PROMPT.max_tokens + THINKING_TOKENS


async def test_key_travels_in_its_header_only() -> None:
    server = Server(GOOD)
    await complete(server)
    request = server.requests[0]
    assert request.headers["x-goog-api-key"] == KEY
    assert KEY not in str(request.url)
    assert str(request.url) == f"https://generativelanguage.googleapis.com/v1beta/models/{NAME}:generateContent"


async def test_base_url_and_model_prefix_are_taken_as_given() -> None:
    server = Server(GOOD)
    model = GeminiModel(server.http, settings(base_url="http://127.0.0.1:9/g/"), "models/gemini-x")
    await model.complete(PROMPT)
    assert str(server.requests[0].url) == "http://127.0.0.1:9/g/v1beta/models/gemini-x:generateContent"


async def test_json_modes_ask_more_or_less_firmly() -> None:
    wanted = {"schema": {"responseMimeType", "responseSchema"}, "object": {"responseMimeType"}, "prompt": set()}
    for mode, keys in wanted.items():
        server = Server(GOOD)
        await complete(server, json_mode=mode)
        assert {key for key in server.asked["generationConfig"] if key.startswith("response")} == keys
        has_schema_in_words = "JSON Schema" in server.asked["systemInstruction"]["parts"][0]["text"]
        assert has_schema_in_words is (mode != "schema")


async def test_thoughts_are_dropped_and_paid() -> None:
    completion = await complete(Server(candidate({"text": "hmm", "thought": True}, {"text": '{"letter": "hi"}'})))
    assert completion.text == '{"letter": "hi"}'
    assert (completion.prompt_tokens, completion.completion_tokens) == (11, 12)


async def test_missing_usage_is_estimated() -> None:
    body = {"candidates": GOOD["candidates"]}
    completion = await complete(Server(body))
    assert completion.prompt_tokens > 0
    assert completion.completion_tokens == PROMPT.max_tokens


async def test_null_and_unknown_fields_are_borne() -> None:
    body = {
        "candidates": [
            {"content": {"parts": [{"text": '{"letter": "hi"}', "new": 1}], "x": None}, "finishReason": None}
        ],
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": None},
        "promptFeedback": None,
    }
    assert (await complete(Server(body))).text == '{"letter": "hi"}'


@pytest.mark.parametrize(
    "body",
    [
        {"promptFeedback": {"blockReason": "SAFETY"}},
        {"candidates": []},
        {"candidates": None},
        candidate({"text": '{"lett'}, reason="MAX_TOKENS"),
        candidate({"text": ""}),
        candidate({"text": "  \n"}),
        candidate({"text": "only thoughts", "thought": True}),
        {"candidates": [{"finishReason": "SAFETY"}]},
        {"candidates": [{"content": None, "finishReason": "STOP"}]},
        {"candidates": [{"content": {"parts": None}}]},
        *(
            candidate({"text": "x"}, reason=reason)
            for reason in ("RECITATION", "SPII", "BLOCKLIST", "MALFORMED_RESPONSE")
        ),
    ],
)
async def test_answers_without_text_are_refusals(body: dict[str, Any]) -> None:
    with pytest.raises(ModelRefused):
        await complete(Server(body))


@pytest.mark.parametrize("body", [b"", b"<html>502</html>", [], {"candidates": "x"}, {"candidates": [{"content": 3}]}])
async def test_unreadable_answers_are_trouble(body: object) -> None:
    with pytest.raises(ModelTrouble):
        await complete(Server(body))


def error(status: str, *details: dict[str, Any], message: str = f"echo of {KEY}") -> dict[str, Any]:
    return {"error": {"code": 0, "message": message, "status": status, "details": list(details)}}


RETRY_22 = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "22s"}
PER_DAY = {"@type": "QuotaFailure", "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}
PER_MINUTE = {"@type": "QuotaFailure", "violations": [{"quotaId": "GenerateRequestsPerMinutePerProject"}]}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, error("INVALID_ARGUMENT"), ModelTrouble),
        (400, error("INVALID_ARGUMENT", {"reason": "API_KEY_INVALID"}), ModelMisconfigured),
        (400, error("FAILED_PRECONDITION"), ModelMisconfigured),
        (401, b"", ModelMisconfigured),
        (403, error("PERMISSION_DENIED"), ModelMisconfigured),
        (404, error("NOT_FOUND"), ModelMisconfigured),
        (429, error("RESOURCE_EXHAUSTED", PER_MINUTE, RETRY_22), ModelBusy),
        (500, b"<html>", ModelTrouble),
        (502, b"", ModelTrouble),
        (503, error("UNAVAILABLE"), ModelBusy),
        (504, b"null", ModelTrouble),
        (418, b"[]", ModelTrouble),
        (302, b"", ModelTrouble),
    ],
)
async def test_every_status_has_its_error_and_none_repeats_the_server(
    status: int, body: object, expected: type[LlmError]
) -> None:
    with pytest.raises(expected) as caught:
        await complete(Server(body, status))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("details", "headers", "seconds"),
    [
        ((PER_MINUTE, RETRY_22), {}, 22),
        ((PER_DAY, RETRY_22), {}, 3600),
        ((), {"Retry-After": "9"}, 9),
        ((), {}, 20),
        (({"retryDelay": "soon"},), {}, 20),
        (("not an object",), {}, 20),
    ],
)
async def test_busy_says_how_long(details: Any, headers: dict[str, str], seconds: float) -> None:
    with pytest.raises(ModelBusy) as caught:
        await complete(Server(error("RESOURCE_EXHAUSTED", *details), 429, headers))
    assert caught.value.retry_after_seconds == seconds


def test_schema_becomes_geminis_dialect() -> None:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["kind", "notes"],
        "properties": {
            "kind": {"type": "string", "enum": ["a", "b"], "minLength": 1},
            "notes": {"type": "array", "items": {"type": ["integer", "null"]}, "maxItems": 3},
        },
    }
    assert gemini_schema(schema) == {
        "type": "OBJECT",
        "required": ["kind", "notes"],
        "propertyOrdering": ["kind", "notes"],
        "properties": {
            "kind": {"type": "STRING", "enum": ["a", "b"]},
            "notes": {"type": "ARRAY", "maxItems": 3, "items": {"type": "INTEGER", "nullable": True}},
        },
    }
