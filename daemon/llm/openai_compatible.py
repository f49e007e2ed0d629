"""Any server with OpenAI's `chat/completions`: OpenAI, OpenRouter, vLLM, Ollama, DeepSeek, YandexGPT.

They differ in how they are made to answer in JSON (`json_mode`), in the name of the token limit, and in what a wrong
answer looks like: a refusal field, an empty string, thoughts left in the text.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

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

OFFICIAL_URL = "https://api.openai.com/v1"

_THINKS = re.compile(r"(?:.*/)?(?:o\d|gpt-5)")
"""OpenAI's own thinking models: another name for the limit, no temperature, thoughts count against the limit."""

_THOUGHTS = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_USED_UP = frozenset({"insufficient_quota", "billing_hard_limit_reached", "insufficient_balance"})
_FOLDER = re.compile(r"gpt://([^/]+)/")
_THINKING_TOKENS = 4_096


class _Part(ServerAnswer):
    type: str = "text"
    text: str | None = None


class _Message(ServerAnswer):
    content: str | list[_Part] | None = None
    refusal: str | None = None


class _Choice(ServerAnswer):
    message: _Message | None = None
    finish_reason: str | None = None


class _Usage(ServerAnswer):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Completed(ServerAnswer):
    choices: list[_Choice]
    usage: _Usage | None = None


class OpenAiModel:
    """One model behind an OpenAI-compatible server."""

    provider = "openai"

    def __init__(self, http: httpx2.AsyncClient, settings: LlmSettings, model: str) -> None:
        self.model = model
        self._http = http
        self._url = f"{(settings.base_url or OFFICIAL_URL).rstrip('/')}/chat/completions"
        self._headers = _headers(settings, model)
        self._json_mode: Literal["schema", "object", "prompt"] = settings.json_mode
        self._timeout_seconds = settings.timeout_seconds

    async def complete(self, prompt: Prompt) -> Completion:
        """Asks once."""
        started = trio.current_time()
        answer = await post(self._http, self._url, self._body(prompt), self._headers, self._timeout_seconds)
        if answer.status != 200:
            refuse(answer, is_used_up=_error_code(answer) in _USED_UP)
        completed = read_answer(answer, _Completed)
        return complete(self, partial(_text_of, completed), _count(completed, prompt), started_at=started)

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        has_schema = self._json_mode == "schema"
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": system_text(prompt, has_schema=has_schema)},
                {"role": "user", "content": user_text(prompt.data)},
            ],
        }
        if _THINKS.match(self.model):
            body["max_completion_tokens"] = prompt.max_tokens + _THINKING_TOKENS
        else:
            body |= {"max_tokens": prompt.max_tokens, "temperature": prompt.temperature}
        if has_schema:
            schema = {"name": prompt.purpose, "strict": True, "schema": strict_schema(prompt.schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif self._json_mode == "object":
            body["response_format"] = {"type": "json_object"}
        return body


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema as `strict` wants it: every key required, no others, at every depth."""
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {name: strict_schema(one) for name, one in schema["properties"].items()}
        result["required"] = list(schema["properties"])
        result["additionalProperties"] = False
    if isinstance(schema.get("items"), dict):
        result["items"] = strict_schema(schema["items"])
    return result


def _headers(settings: LlmSettings, model: str) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    if settings.api_key:
        key = settings.api_key.reveal()
        # A key with its own scheme is sent as it is: YandexGPT wants "Api-Key …".
        headers["Authorization"] = key if " " in key else f"Bearer {key}"
    if folder := _FOLDER.match(model):
        headers["OpenAI-Project"] = folder.group(1)
    return headers


def _text_of(completed: _Completed) -> str:
    if not completed.choices or completed.choices[0].message is None:
        raise ModelRefused("the answer was empty")
    choice = completed.choices[0]
    message = choice.message
    if message is None or message.refusal or choice.finish_reason == "content_filter":
        raise ModelRefused("the model refused")
    if choice.finish_reason == "length":
        raise ModelRefused("the answer was cut off")
    content = message.content or ""
    text = content if isinstance(content, str) else "".join(part.text or "" for part in content if part.type == "text")
    text = _THOUGHTS.sub("", text)
    if not text.strip():
        raise ModelRefused("the answer was empty")
    return text


def _count(completed: _Completed, prompt: Prompt) -> tuple[int, int]:
    usage = completed.usage
    if usage is None or usage.prompt_tokens is None:
        return tokens_of(prompt.instruction + user_text(prompt.data)), prompt.max_tokens
    return usage.prompt_tokens, usage.completion_tokens or 0


def _error_code(answer: Answer) -> str:
    body = answer.json()
    error = body.get("error") if isinstance(body, dict) else None
    return str(error.get("code") or error.get("type")) if isinstance(error, dict) else ""
