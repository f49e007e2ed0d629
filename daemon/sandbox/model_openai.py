"""The wire of OpenAI and all who are compatible: `POST /chat/completions` with Bearer, and its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from daemon.sandbox.model_answers import Asked, read_data
from daemon.sandbox.model_schemas import find_strict_fault, keys_of
from daemon.sandbox.model_wire import Question
from daemon.sandbox.service import Request, Response, answer_json

if TYPE_CHECKING:
    import random

    from daemon.sandbox.model_switches import Fault, ModelSwitches
    from daemon.sandbox.model_wire import Saying

_INVALID = "invalid_request_error"
_WRONG_KEY = (401, "Incorrect API key provided.", _INVALID, "invalid_api_key")
_FAILURES: dict[Fault, tuple[int, str, str, str | None]] = {
    "quota": (429, "You exceeded your current quota.", "insufficient_quota", "insufficient_quota"),
    "overloaded": (503, "The server is currently overloaded.", "server_error", None),
    "error": (500, "The server had an error while processing your request.", "server_error", None),
    "wrong_key": _WRONG_KEY,
    "wrong_location": (
        403,
        "Country, region, or territory not supported",
        "request_forbidden",
        "unsupported_country_region_territory",
    ),
}


class OpenAiWire:
    """Reads and writes as OpenAI does."""

    provider = "openai"

    def list_models(self, request: Request) -> Response | None:
        """`GET /models`."""
        if request.method != "GET" or request.path not in {"/v1/models", "/models"}:
            return None
        return answer_json({"object": "list", "data": [{"id": "sandbox-1", "object": "model"}]})

    def read(self, request: Request, switches: ModelSwitches) -> Question | Response:
        """Path, key, body and schema must be in order."""
        if request.method != "POST" or request.path not in {"/v1/chat/completions", "/chat/completions"}:
            return _error(404, f"Invalid URL ({request.method} {request.path})", _INVALID)
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        if kind not in {"Bearer", "Api-Key"} or not key:
            return _error(401, "You didn't provide an API key.", _INVALID)
        if switches.api_key and key != switches.api_key:
            return _error(*_WRONG_KEY)
        try:
            return _read_body(orjson.loads(request.body), switches)
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            return _error(400, "We could not parse the JSON body of your request.", _INVALID)

    def refuse(self, fault: Fault, switches: ModelSwitches, prompt_tokens: int) -> Response | None:
        """A refusal is an answer with `refusal` in place of the content."""
        if fault == "busy":
            wait = {"retry-after": str(switches.retry_seconds)}
            text = f"Rate limit reached. Please try again in {switches.retry_seconds}s."
            return _error(429, text, "requests", "rate_limit_exceeded", headers=wait)
        if fault in _FAILURES:
            return _error(*_FAILURES[fault])
        if fault == "refusal":
            message = {"role": "assistant", "content": None, "refusal": "I'm sorry, I can't assist with that."}
            return _completion(message, "stop", (prompt_tokens, 9))
        if fault == "content_filter":
            message = {"role": "assistant", "content": "", "refusal": None}
            return _completion(message, "content_filter", (prompt_tokens, 0))
        return None

    def write(self, said: Saying, question: Question, prompt_tokens: int, chance: random.Random) -> Response:
        """One choice."""
        message = {"role": "assistant", "content": said.text, "refusal": None}
        reason = "stop" if said.end == "done" else "length"
        return _completion(message, reason, (prompt_tokens, said.tokens), question.model, chance.getrandbits(48))


def _read_body(body: dict[str, Any], switches: ModelSwitches) -> Question | Response:
    model = body["model"]
    if switches.models and model not in switches.models:
        return _error(404, f"The model `{model}` does not exist.", _INVALID, "model_not_found")
    texts: dict[str, list[str]] = {}
    for message in body["messages"]:
        texts.setdefault(message["role"], []).append(_text_of(message["content"]))
    if not texts.get("user"):
        return _error(400, "Invalid 'messages': empty array.", _INVALID, "empty_array")
    wanted = body.get("response_format") or {"type": "text"}
    schema = wanted["json_schema"]["schema"] if wanted["type"] == "json_schema" else None
    refusal = _check_format(wanted, "".join(map("".join, texts.values())))
    if refusal is not None:
        return refusal
    modes = {"json_schema": "schema", "json_object": "object"}
    room = int(body.get("max_completion_tokens") or body.get("max_tokens") or 4096)
    instruction = "\n".join([*texts.get("system", ()), *texts.get("developer", ())])
    asked = Asked(instruction, read_data(texts["user"]), keys_of(schema))
    return Question(model, asked, schema, modes.get(wanted["type"], "prompt"), room)


def _check_format(wanted: dict[str, Any], said: str) -> Response | None:
    if wanted["type"] == "json_schema" and wanted["json_schema"].get("strict"):
        fault = find_strict_fault(wanted["json_schema"]["schema"])
        return _error(400, fault, _INVALID, "invalid_schema") if fault else None
    if wanted["type"] == "json_object" and "json" not in said.lower():
        return _error(400, "'messages' must contain the word 'json' in some form.", _INVALID)
    return None


def _text_of(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content or ())


def _completion(
    message: dict[str, Any], reason: str, tokens: tuple[int, int], model: str = "sandbox-1", number: int = 1
) -> Response:
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
    choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": None}
    body = {"id": f"chatcmpl-{number:x}", "object": "chat.completion", "model": model, "choices": [choice]}
    return answer_json(body | {"usage": usage})


def _error(
    status: int, message: str, kind: str, code: str | None = None, *, headers: dict[str, str] | None = None
) -> Response:
    answer = answer_json({"error": {"message": message, "type": kind, "param": None, "code": code}}, status)
    return Response(status, {**answer.headers, **(headers or {})}, answer.body)
