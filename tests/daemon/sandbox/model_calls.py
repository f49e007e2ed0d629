"""Requests to the simulated models as the product's adapters send them."""

from __future__ import annotations

from typing import Any

import orjson

from daemon.sandbox.models import ModelDouble, Models, build_models
from daemon.sandbox.service import Request, Response

INSTRUCTION = (
    'You write a cover letter. The mark [[NAME]] is the name. Answer with one JSON object like {"letter": "..."}.'
)
RESUME = (
    "Старший Python-разработчик, Кассиопея. Разделила монолит на пять сервисов, время ответа снизилось с 420 до 110 мс. "
    "Провожу ревью, веду двух младших разработчиков, дежурю раз в пять недель."
)
DATA = {
    "language": "Russian",
    "title": "Python-разработчик",
    "skills": "Python, FastAPI, PostgreSQL, Kafka",
    "resume": RESUME,
    "vacancy_title": "Backend-разработчик (Python)",
    "employer": "Маяк Онлайн",
    "vacancy_skills": "Python, PostgreSQL",
    "vacancy": "Ищем коллегу, который знает Python и PostgreSQL. Удалённо.",
}
LETTER = {
    "type": "object",
    "properties": {"letter": {"type": "string"}},
    "required": ["letter"],
    "additionalProperties": False,
}
SCREENING = {
    "type": "object",
    "properties": {"fits": {"type": "boolean"}, "reason": {"type": "string"}},
    "required": ["fits", "reason"],
    "additionalProperties": False,
}
QUERY = {
    "type": "object",
    "properties": {"query": {"type": "string"}},
    "required": ["query"],
    "additionalProperties": False,
}


def make_models(seed: int = 1, lines: list[dict[str, Any]] | None = None) -> Models:
    kept = [] if lines is None else lines
    return build_models(seed, lambda kind, **facts: kept.append({"kind": kind, **facts}))


def gemini_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The subset that Gemini takes: capital types, nothing about additional properties."""
    converted = {key: value for key, value in schema.items() if key != "additionalProperties"}
    converted["type"] = schema["type"].upper()
    if "properties" in schema:
        converted["properties"] = {name: gemini_schema(part) for name, part in schema["properties"].items()}
    return converted


async def ask_gemini(
    double: ModelDouble, schema: dict[str, Any] | None = LETTER, *, key: str = "k", **changed: Any
) -> Response:
    config: dict[str, Any] = {"temperature": 0.3, "maxOutputTokens": 4096}
    if schema is not None:
        config |= {"responseMimeType": "application/json", "responseSchema": gemini_schema(schema)}
    body = {
        "systemInstruction": {"parts": [{"text": changed.pop("instruction", INSTRUCTION)}]},
        "contents": [{"role": "user", "parts": [{"text": orjson.dumps(changed.pop("data", DATA)).decode()}]}],
        "generationConfig": config | changed.pop("config", {}),
    }
    model = changed.pop("model", "gemini-3.8-flash")
    headers = {"x-goog-api-key": key} if key else {}
    path = f"/v1beta/models/{model}:generateContent"
    return await double.handle(Request("POST", path, {}, headers, orjson.dumps(body | changed)))


async def ask_openai(
    double: ModelDouble, schema: dict[str, Any] | None = LETTER, *, key: str = "k", **changed: Any
) -> Response:
    body: dict[str, Any] = {
        "model": "sandbox-1",
        "messages": [
            {"role": "system", "content": changed.pop("instruction", INSTRUCTION)},
            {"role": "user", "content": orjson.dumps(changed.pop("data", DATA)).decode()},
        ],
        "max_tokens": 4096,
    }
    if schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": schema},
        }
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return await double.handle(Request("POST", "/v1/chat/completions", {}, headers, orjson.dumps(body | changed)))


def gemini_text(answer: Response) -> str:
    """What an adapter reads: all parts that are no thoughts."""
    assert answer.status == 200, answer.body
    parts = orjson.loads(answer.body)["candidates"][0]["content"].get("parts", [])
    return "".join(part["text"] for part in parts if not part.get("thought"))


def openai_text(answer: Response) -> str:
    assert answer.status == 200, answer.body
    return str(orjson.loads(answer.body)["choices"][0]["message"]["content"])
