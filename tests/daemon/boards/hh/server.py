"""hh.ru as a list of answers a test wrote down, and what it was asked."""

from __future__ import annotations

import random
from collections import deque
from typing import TYPE_CHECKING, Any

import httpx2
import orjson

from daemon.boards.hh.board import HhBoard
from daemon.config import HhSettings
from daemon.http_client import make_http_client
from daemon.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.metrics import NoteCall

RETURN_URL = "http://127.0.0.1:8080/oauth/hh/callback"
TOKEN = Secret("canary-access-token")
SETTINGS = HhSettings(
    client_id="client-1", client_secret=Secret("canary-client-secret"), user_agent="Aurora/0.1 (me@example.com)"
)


class Server:
    """Gives the written answers in order, the last one for ever."""

    def __init__(self, *answers: Any) -> None:
        self.requests: list[httpx2.Request] = []
        self._answers = deque(answers)
        self.http = make_http_client(transport=httpx2.MockTransport(self._handle))

    def board(self, settings: HhSettings = SETTINGS, note_call: NoteCall = lambda *_: None) -> HhBoard:
        return HhBoard(self.http, settings, captcha_return_url=RETURN_URL, rng=random.Random(1), note_call=note_call)

    @property
    def asked(self) -> list[str]:
        """Method and address below the API's, in order."""
        return [f"{one.method} {one.url.path}" for one in self.requests]

    async def _handle(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        self.requests.append(request)
        answer = self._answers.popleft() if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx2.Response) else reply(answer)


def reply(body: object = b"", status: int = 200, headers: Mapping[str, str] | None = None) -> httpx2.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return httpx2.Response(status, headers=dict(headers or {}), content=content)
