"""Gemini's wire: `POST /v1beta/models/{model}:generateContent` and its errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from daemon.sandbox.model_answers import Asked, read_data
from daemon.sandbox.model_schemas import find_gemini_fault, keys_of
from daemon.sandbox.model_wire import Question
from daemon.sandbox.service import Request, Response, answer_json

if TYPE_CHECKING:
    import random

    from daemon.sandbox.model_switches import Fault, ModelSwitches
    from daemon.sandbox.model_wire import Saying

_PATH = re.compile(r"/v1(?:beta)?/models/([^/:]+):generateContent")
_LIST = re.compile(r"/v1(?:beta)?/models(?:/([^/:]+))?")
_CONFIG_KEYS = frozenset(
    (
        *("temperature", "topP", "topK", "candidateCount", "maxOutputTokens", "stopSequences", "responseMimeType"),
        *("responseSchema", "responseJsonSchema", "thinkingConfig", "seed", "presencePenalty", "frequencyPenalty"),
    )
)
_FAILURES: dict[Fault, tuple[int, str, str]] = {
    "overloaded": (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    "error": (500, "INTERNAL", "An internal error has occurred."),
    "wrong_key": (403, "PERMISSION_DENIED", "Your API key was reported as leaked."),
    "wrong_location": (400, "FAILED_PRECONDITION", "User location is not supported for the API use."),
}
_TYPE = "type.googleapis.com/google.rpc."


class GeminiWire:
    """Reads and writes as Gemini does."""

    provider = "gemini"

    def list_models(self, request: Request) -> Response | None:
        """`GET /v1beta/models`, also of one model."""
        match = _LIST.fullmatch(request.path)
        if match is None or request.method != "GET":
            return None
        if match[1]:
            return answer_json({"name": f"models/{match[1]}", "supportedGenerationMethods": ["generateContent"]})
        return answer_json({"models": [{"name": "models/gemini-3.8-flash"}]})

    def read(self, request: Request, switches: ModelSwitches) -> Question | Response:
        """Path, key, body and schema must be in order."""
        match = _PATH.fullmatch(request.path)
        if match is None or request.method != "POST":
            return _error(404, "NOT_FOUND", "Requested entity was not found.")
        refusal = _check_door(request, match[1], switches)
        if refusal is not None:
            return refusal
        try:
            return _read_body(match[1], orjson.loads(request.body))
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            return _error(400, "INVALID_ARGUMENT", "Invalid JSON payload received.")

    def refuse(self, fault: Fault, switches: ModelSwitches, prompt_tokens: int) -> Response | None:
        """A blocked prompt has no candidates at all."""
        if fault == "busy":
            return _quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", f"{switches.retry_seconds}s")
        if fault == "quota":
            return _quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "37s")
        if fault in _FAILURES:
            return _error(*_FAILURES[fault])
        usage = {"promptTokenCount": prompt_tokens, "totalTokenCount": prompt_tokens}
        if fault == "refusal":
            return answer_json({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": usage})
        if fault == "content_filter":
            candidate = {"finishReason": "SAFETY", "index": 0, "safetyRatings": []}
            return answer_json({"candidates": [candidate], "usageMetadata": usage})
        return None

    def write(self, said: Saying, question: Question, prompt_tokens: int, chance: random.Random) -> Response:
        """Sometimes with a thought before the answer, sometimes with the answer in two parts: both happen."""
        parts = _split(said.text, chance)
        if question.is_thinking and chance.random() < 0.5:
            parts.insert(0, {"text": "The user wants JSON. Let me think.", "thought": True})
        thoughts = 40 if question.is_thinking else 0
        candidate: dict[str, Any] = {
            "content": {"role": "model", "parts": parts} if said.text else {"role": "model"},
            "finishReason": "STOP" if said.end == "done" else "MAX_TOKENS",
            "index": 0,
        }
        usage = {
            "promptTokenCount": prompt_tokens,
            "candidatesTokenCount": said.tokens if said.text else 0,
            "thoughtsTokenCount": thoughts if said.text else said.tokens,
            "totalTokenCount": prompt_tokens + said.tokens + (thoughts if said.text else 0),
        }
        body = {"candidates": [candidate], "usageMetadata": usage, "modelVersion": question.model}
        return answer_json(body | {"responseId": f"r{chance.getrandbits(48):x}"})


def _check_door(request: Request, model: str, switches: ModelSwitches) -> Response | None:
    key = request.headers.get("x-goog-api-key") or (request.query.get("key") or ("",))[0]
    if not key:
        return _error(403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers.")
    if switches.api_key and key != switches.api_key:
        return _wrong_key()
    if switches.models and model not in switches.models:
        return _error(404, "NOT_FOUND", f"models/{model} is not found for API version v1beta.")
    return None


def _read_body(model: str, body: dict[str, Any]) -> Question | Response:
    config = body.get("generationConfig", {})
    texts = ["".join(part["text"] for part in turn["parts"]) for turn in body["contents"] if turn["role"] == "user"]
    fault = _find_config_fault(config) if texts else "* GenerateContentRequest.contents: contents is not specified"
    if fault:
        return _error(400, "INVALID_ARGUMENT", fault)
    schema = config.get("responseSchema", config.get("responseJsonSchema"))
    instruction = "".join(part["text"] for part in body.get("systemInstruction", {}).get("parts", ()))
    asked = Asked(instruction, read_data(texts), keys_of(schema))
    is_json = config.get("responseMimeType") == "application/json"
    mode = "schema" if schema is not None else "object" if is_json else "prompt"
    is_thinking = config.get("thinkingConfig", {}).get("thinkingBudget") != 0
    return Question(model, asked, schema, mode, int(config.get("maxOutputTokens", 8192)), is_thinking)


def _find_config_fault(config: dict[str, Any]) -> str | None:
    for key in config:
        if key not in _CONFIG_KEYS:
            return f"Unknown name \"{key}\" at 'generation_config': Cannot find field."
    schema = config.get("responseSchema")
    if schema is None:
        return None
    if config.get("responseMimeType") != "application/json":
        return "response_schema is only supported with application/json"
    return find_gemini_fault(schema)


def _split(text: str, chance: random.Random) -> list[dict[str, Any]]:
    if len(text) < 80 or chance.random() < 0.7:
        return [{"text": text}]
    middle = len(text) // 2
    return [{"text": text[:middle]}, {"text": text[middle:]}]


def _quota(quota_id: str, delay: str) -> Response:
    message = "You exceeded your current quota, please check your plan and billing details."
    violation = {"quotaMetric": "generativelanguage.googleapis.com/generate_requests", "quotaId": quota_id}
    details: list[dict[str, Any]] = [
        {"@type": f"{_TYPE}QuotaFailure", "violations": [violation]},
        {"@type": f"{_TYPE}RetryInfo", "retryDelay": delay},
    ]
    return _error(429, "RESOURCE_EXHAUSTED", message, details)


def _wrong_key() -> Response:
    details = [{"@type": f"{_TYPE}ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]
    return _error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", details)


def _error(status: int, name: str, message: str, details: list[dict[str, Any]] | None = None) -> Response:
    error: dict[str, Any] = {"code": status, "message": message, "status": name}
    if details:
        error["details"] = details
    return answer_json({"error": error}, status)
