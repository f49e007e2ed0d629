"""A model's server that answers what a test wrote down, and remembers what it was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import orjson

from daemon.config import LlmSettings
from daemon.http_client import make_http_client
from daemon.llm.model import Prompt
from daemon.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "canary-api-key-0123456789"
SCHEMA = {
    "type": "object",
    "properties": {"letter": {"type": "string", "description": "the letter", "maxLength": 10}},
    "required": ["letter"],
    "additionalProperties": False,
}
PROMPT = Prompt("letter", 1, "Write a letter.", {"vacancy": "Ищем Python"}, SCHEMA)


class Server:
    """Answers every request alike."""

    def __init__(self, body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.requests: list[httpx2.Request] = []
        self._body = body if isinstance(body, bytes) else orjson.dumps(body)
        self._status = status
        self._headers = dict(headers or {})

    async def handle(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return httpx2.Response(self._status, headers=self._headers, content=self._body)

    @property
    def http(self) -> httpx2.AsyncClient:
        return make_http_client(transport=httpx2.MockTransport(self.handle))

    @property
    def asked(self) -> Any:
        """The last request's body."""
        return orjson.loads(self.requests[-1].content)


def settings(**changes: object) -> LlmSettings:
    return LlmSettings.model_validate({"api_key": Secret(KEY), **changes})
