"""OpenAI's wire: keys, paths, JSON modes; what it refuses to read."""

from __future__ import annotations

import orjson
import pytest

from daemon.sandbox.service import Request, Response

from .model_calls import DATA, LETTER, ask_openai, make_models, openai_text


def fault_of(answer: Response) -> tuple[int, str | None]:
    return answer.status, orjson.loads(answer.body)["error"]["code"]


async def test_request_without_key_is_unauthorized():
    assert (await ask_openai(make_models().openai, key="")).status == 401


async def test_unknown_key_is_unauthorized():
    models = make_models()
    models.openai.switches.api_key = "right"
    assert fault_of(await ask_openai(models.openai, key="wrong")) == (401, "invalid_api_key")
    assert (await ask_openai(models.openai, key="right")).status == 200


async def test_wrong_key_and_wrong_place_by_switch():
    models = make_models()
    models.openai.switches.fail_next("wrong_key")
    models.openai.switches.fail_next("wrong_location")
    assert fault_of(await ask_openai(models.openai)) == (401, "invalid_api_key")
    assert fault_of(await ask_openai(models.openai)) == (403, "unsupported_country_region_territory")


async def test_unknown_model_is_not_found():
    models = make_models()
    models.openai.switches.models = frozenset({"sandbox-1"})
    assert (await ask_openai(models.openai)).status == 200
    assert fault_of(await ask_openai(models.openai, model="gpt-0")) == (404, "model_not_found")


async def test_path_is_known_with_and_without_the_version():
    double = make_models().openai
    for path in ("/v1/models", "/models"):
        assert orjson.loads((await double.handle(Request("GET", path))).body)["data"]
    assert (await double.handle(Request("POST", "/v1/completions"))).status == 404
    headers = {"authorization": "Bearer k"}
    body = orjson.dumps({"model": "m", "messages": [{"role": "user", "content": "{}"}]})
    assert (await double.handle(Request("POST", "/chat/completions", {}, headers, body))).status == 200


async def test_open_object_is_no_strict_schema():
    schema = {name: value for name, value in LETTER.items() if name != "additionalProperties"}
    assert fault_of(await ask_openai(make_models().openai, schema)) == (400, "invalid_schema")


async def test_optional_key_is_no_strict_schema():
    assert fault_of(await ask_openai(make_models().openai, LETTER | {"required": []})) == (400, "invalid_schema")


async def test_json_mode_wants_the_word_in_the_prompt():
    double = make_models().openai
    wanted = {"type": "json_object"}
    silent = await ask_openai(double, None, instruction="Write a `letter`.", response_format=wanted)
    assert silent.status == 400
    text = openai_text(await ask_openai(double, None, response_format=wanted))
    assert list(orjson.loads(text)) == ["letter"]


async def test_model_without_json_mode_sometimes_dresses_its_answer_up():
    double = make_models(4).openai
    texts = [openai_text(await ask_openai(double, None)) for _ in range(40)]
    fenced = [text for text in texts if text.startswith("```json\n") and text.endswith("\n```")]
    assert 3 <= len(fenced) <= 25
    assert all(orjson.loads(text)["letter"] for text in texts if text not in fenced)


async def test_content_may_come_in_parts():
    messages = [{"role": "user", "content": [{"type": "text", "text": orjson.dumps(DATA).decode()}]}]
    assert "[[NAME]]" not in openai_text(await ask_openai(make_models().openai, messages=messages))


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"{}", b'{"model": "m", "messages": 3}'])
async def test_broken_body_is_invalid(body: bytes):
    request = Request("POST", "/v1/chat/completions", {}, {"authorization": "Bearer k"}, body)
    assert (await make_models().openai.handle(request)).status == 400


async def test_request_without_a_users_turn_is_invalid():
    messages = [{"role": "system", "content": "json"}]
    assert fault_of(await ask_openai(make_models().openai, messages=messages)) == (400, "empty_array")


async def test_newer_name_of_the_token_limit_is_known():
    answer = await ask_openai(make_models().openai, max_completion_tokens=10)
    assert orjson.loads(answer.body)["choices"][0]["finish_reason"] == "length"
