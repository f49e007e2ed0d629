"""Gemini by its own interface: `models/{model}:generateContent`.

Its traps: thinking counts against the token budget, so a tight one ends in empty text; a blocked prompt has no
candidates at all; thoughts come as parts like the answer; its schema is a dialect of its own.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import trio

from daemon.llm.exchange import ServerAnswer, complete, post, read_answer, refuse
from daemon.llm.model import ModelRefused
from daemon.llm.wording import system_text, tokens_of, user_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2

    from daemon.config import LlmSettings
    from daemon.http_client import Answer
    from daemon.llm.model import Completion, Prompt

OFFICIAL_URL = "https://generativelanguage.googleapis.com"
THINKING_TOKENS = 4_096
"""Room for thoughts beside the answer."""

_CATEGORIES = ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")
_KEPT = ("description", "enum", "format", "minItems", "maxItems", "required")


class _Part(ServerAnswer):
    text: str = ""
    thought: bool = False


class _Content(ServerAnswer):
    parts: list[_Part] | None = None


class _Candidate(ServerAnswer):
    content: _Content | None = None
    finishReason: str | None = None  # noqa: N815 - the server's spelling


class _Usage(ServerAnswer):
    promptTokenCount: int | None = None  # noqa: N815 - the server's spelling
    candidatesTokenCount: int | None = None  # noqa: N815 - the server's spelling
    thoughtsTokenCount: int | None = None  # noqa: N815 - the server's spelling


class _Generated(ServerAnswer):
    candidates: list[_Candidate] | None = None
    usageMetadata: _Usage | None = None  # noqa: N815 - the server's spelling


class GeminiModel:
    """One model of Gemini."""

    provider = "gemini"

    def __init__(self, http: httpx2.AsyncClient, settings: LlmSettings, model: str) -> None:
        self.model = model
        self._http = http
        base = (settings.base_url or OFFICIAL_URL).rstrip("/")
        self._url = f"{base}/v1beta/models/{model.removeprefix('models/')}:generateContent"
        self._headers = {"x-goog-api-key": settings.api_key.reveal()} if settings.api_key else {}
        self._json_mode = settings.json_mode
        self._timeout_seconds = settings.timeout_seconds

    async def complete(self, prompt: Prompt) -> Completion:
        """Asks once."""
        started = trio.current_time()
        body = self._body(prompt)
        answer = await post(self._http, self._url, body, self._headers, self._timeout_seconds)
        if answer.status != 200:
            _refuse(answer)
        generated = read_answer(answer, _Generated)
        return complete(self, partial(_text_of, generated), _count(generated, prompt), started_at=started)

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        has_schema = self._json_mode == "schema"
        generation: dict[str, Any] = {
            "temperature": prompt.temperature,
            "maxOutputTokens": prompt.max_tokens + THINKING_TOKENS,
        }
        if self._json_mode != "prompt":
            generation["responseMimeType"] = "application/json"
        if has_schema:
            generation["responseSchema"] = gemini_schema(prompt.schema)
        return {
            "systemInstruction": {"parts": [{"text": system_text(prompt, has_schema=has_schema)}]},
            "contents": [{"role": "user", "parts": [{"text": user_text(prompt.data)}]}],
            "generationConfig": generation,
            # A vacancy about safety at work is no harassment; letters are checked by the asker anyway.
            "safetySettings": [
                {"category": f"HARM_CATEGORY_{category}", "threshold": "BLOCK_ONLY_HIGH"} for category in _CATEGORIES
            ],
        }


def gemini_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON Schema in Gemini's dialect; what it does not know is left out."""
    kinds = schema.get("type", "string")
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    kind = next((one for one in kinds if one != "null"), "string")
    result: dict[str, Any] = {"type": kind.upper()}
    if "null" in kinds:
        result["nullable"] = True
    result |= {name: schema[name] for name in _KEPT if name in schema}
    if kind == "array":
        result["items"] = gemini_schema(schema.get("items", {}))
    if kind == "object":
        properties = schema.get("properties", {})
        result["properties"] = {name: gemini_schema(one) for name, one in properties.items()}
        result["propertyOrdering"] = list(properties)
    return result


def _text_of(generated: _Generated) -> str:
    if not generated.candidates:
        raise ModelRefused("the model refused the prompt")
    candidate = generated.candidates[0]
    reason = candidate.finishReason or "STOP"
    if reason == "MAX_TOKENS":
        raise ModelRefused("the answer was cut off")
    if reason not in {"STOP", "FINISH_REASON_UNSPECIFIED"}:
        raise ModelRefused(f"the model refused: {reason[:40]}")
    parts = (candidate.content.parts if candidate.content else None) or []
    text = "".join(part.text for part in parts if not part.thought)
    if not text.strip():
        raise ModelRefused("the answer was empty")
    return text


def _count(generated: _Generated, prompt: Prompt) -> tuple[int, int]:
    usage = generated.usageMetadata
    if usage is None or usage.promptTokenCount is None:
        return tokens_of(prompt.instruction + user_text(prompt.data)), prompt.max_tokens
    return usage.promptTokenCount, (usage.candidatesTokenCount or 0) + (usage.thoughtsTokenCount or 0)


def _refuse(answer: Answer) -> None:
    error = answer.json()
    error = error.get("error") if isinstance(error, dict) else None
    error = error if isinstance(error, dict) else {}
    details = [one for one in error.get("details") or () if isinstance(one, dict)]
    # Bad keys and unserved countries come as 400 like a bad argument, and are told apart by these two words.
    reasons = {str(error.get("status")), *(str(one.get("reason")) for one in details)}
    refuse(
        answer,
        is_used_up=any("PerDay" in str(one.get("violations")) for one in details),
        is_misconfigured=not reasons.isdisjoint({"API_KEY_INVALID", "FAILED_PRECONDITION", "PERMISSION_DENIED"}),
        wait=max((_seconds(one.get("retryDelay")) for one in details), default=0.0),
    )


def _seconds(delay: object) -> float:
    try:
        return float(str(delay).removesuffix("s"))  # "22s", "0.5s"
    except ValueError:
        return 0.0
