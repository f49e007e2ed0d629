"""Gemini's wire: keys, paths, schemas; what it refuses to read."""

from __future__ import annotations

import orjson
import pytest

from daemon.sandbox.service import Request

from .model_calls import DATA, LETTER, ask_gemini, gemini_text, make_models


def fault_of(answer: object) -> tuple[int, str, str]:
    error = orjson.loads(answer.body)["error"]  # type: ignore[attr-defined]  # a Response
    return error["code"], error["status"], error["message"]


async def test_request_without_key_is_denied():
    code, status, _ = fault_of(await ask_gemini(make_models().gemini, key=""))
    assert (code, status) == (403, "PERMISSION_DENIED")


async def test_unknown_key_is_invalid():
    models = make_models()
    models.gemini.switches.api_key = "right"
    answer = await ask_gemini(models.gemini, key="wrong")
    assert fault_of(answer)[:2] == (400, "INVALID_ARGUMENT")
    assert orjson.loads(answer.body)["error"]["details"][0]["reason"] == "API_KEY_INVALID"
    assert (await ask_gemini(models.gemini, key="right")).status == 200


async def test_leaked_key_and_wrong_place_are_denied_by_switch():
    models = make_models()
    models.gemini.switches.fail_next("wrong_key")
    models.gemini.switches.fail_next("wrong_location")
    assert fault_of(await ask_gemini(models.gemini))[:2] == (403, "PERMISSION_DENIED")
    assert fault_of(await ask_gemini(models.gemini))[:2] == (400, "FAILED_PRECONDITION")


async def test_key_may_stand_in_the_address():
    body = {"contents": [{"role": "user", "parts": [{"text": "{}"}]}]}
    request = Request("POST", "/v1beta/models/m:generateContent", {"key": ("k",)}, {}, orjson.dumps(body))
    assert (await make_models().gemini.handle(request)).status == 200


async def test_unknown_model_is_not_found():
    models = make_models()
    models.gemini.switches.models = frozenset({"gemini-3.8-flash"})
    assert (await ask_gemini(models.gemini)).status == 200
    assert fault_of(await ask_gemini(models.gemini, model="gemini-1.0-pro"))[:2] == (404, "NOT_FOUND")


async def test_models_are_listed():
    double = make_models().gemini
    listed = await double.handle(Request("GET", "/v1beta/models"))
    assert orjson.loads(listed.body)["models"]
    one = await double.handle(Request("GET", "/v1beta/models/gemini-3.8-flash"))
    assert orjson.loads(one.body)["name"] == "models/gemini-3.8-flash"


async def test_other_address_is_not_found():
    assert (await make_models().gemini.handle(Request("POST", "/v1beta/models/m:countTokens"))).status == 404


async def test_schema_with_words_gemini_does_not_know_is_refused():
    config = {"responseSchema": LETTER}
    code, _, message = fault_of(await ask_gemini(make_models().gemini, config=config))
    assert code == 400
    assert "additionalProperties" in message


async def test_schema_without_json_type_is_refused():
    answer = await ask_gemini(make_models().gemini, config={"responseMimeType": "text/plain"})
    assert fault_of(answer)[0] == 400


async def test_json_schema_is_the_other_way_to_say_it():
    config = {"responseMimeType": "application/json", "responseJsonSchema": LETTER}
    answer = await ask_gemini(make_models().gemini, None, config=config)
    assert list(orjson.loads(gemini_text(answer))) == ["letter"]


async def test_unknown_generation_setting_is_refused():
    code, _, message = fault_of(await ask_gemini(make_models().gemini, config={"max_tokens": 5}))
    assert (code, "max_tokens" in message) == (400, True)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"contents": 5}', b'{"contents": [{"parts": []}]}'])
async def test_broken_body_is_invalid(body: bytes):
    request = Request("POST", "/v1beta/models/m:generateContent", {}, {"x-goog-api-key": "k"}, body)
    assert (await make_models().gemini.handle(request)).status == 400


async def test_request_without_a_users_turn_is_invalid():
    assert (await ask_gemini(make_models().gemini, contents=[])).status == 400


async def test_answer_may_be_repaired_in_a_second_turn():
    contents = [
        {"role": "user", "parts": [{"text": orjson.dumps(DATA).decode()}]},
        {"role": "model", "parts": [{"text": "?"}]},
        {"role": "user", "parts": [{"text": "The letter is too short, write at least 300 characters."}]},
    ]
    answer = await ask_gemini(make_models().gemini, contents=contents)
    assert "Маяк Онлайн" in gemini_text(answer) or "Backend" in gemini_text(answer)
