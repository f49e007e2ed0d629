"""TelegramClient: one `call(method, params)`; the only file that sends HTTP to Telegram.

`methods.py`, `long_poll.py` and `files.py` go through it. The address, which holds the token, is built here and
handed to the transport only: nothing that is raised, logged or shown has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import orjson

from telegram_client.errors import BadRequest, ServerTrouble, make_error
from telegram_client.multipart import InputFile, encode_multipart
from telegram_client.transport import Deadlines, HttpRequest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager

    from telegram_client.token import BotToken
    from telegram_client.transport import HttpResponse, HttpStream, Transport

_JSON_HEADERS = {"Content-Type": "application/json"}
_DEADLINES = Deadlines()
_REPEATABLE_PREFIXES = ("get", "edit", "set", "delete", "answer")
"""Methods that done twice leave things as done once. `send…`, `copy…`, `forward…` and `create…` do not."""


class TelegramClient:
    """Calls methods of one bot."""

    def __init__(self, token: BotToken, transport: Transport, api_url: str = "https://api.telegram.org") -> None:
        prefix = urlsplit(api_url).path.rstrip("/")
        self.bot_id = token.bot_id
        self._transport = transport
        self._method_path = f"{prefix}/{token.in_path()}/"
        self._file_path = f"{prefix}/file/{token.in_path()}/"

    def __repr__(self) -> str:
        return f"TelegramClient(bot_id={self.bot_id})"

    async def call(
        self, method: str, params: Mapping[str, Any] | None = None, *, deadlines: Deadlines | None = None
    ) -> Any:
        """The `result` of a method. Raises `TelegramError`. A group that became a supergroup is followed once."""
        try:
            return await self._call_once(method, params or {}, deadlines or _DEADLINES)
        except BadRequest as error:
            new_chat_id = error.migrate_to_chat_id
            if new_chat_id is None or not params or "chat_id" not in params:
                raise
        return await self._call_once(method, {**params, "chat_id": new_chat_id}, deadlines or _DEADLINES)

    def open_file(self, file_path: str, *, deadlines: Deadlines) -> AbstractAsyncContextManager[HttpStream]:
        """The content of a file as `getFile` named it; `files.py` checks and caps it."""
        request = HttpRequest("GET", self._file_path + quote(file_path), is_repeatable=True)
        return self._transport.stream(request, deadlines)

    async def _call_once(self, method: str, params: Mapping[str, Any], deadlines: Deadlines) -> Any:
        response = await self._transport.send(self._make_request(method, params), deadlines)
        return read_answer(method, response)

    def _make_request(self, method: str, params: Mapping[str, Any]) -> HttpRequest:
        headers: Mapping[str, str] = _JSON_HEADERS
        if any(isinstance(value, InputFile) for value in params.values()):
            content_type, body = encode_multipart(params)
            headers = {"Content-Type": content_type}
        else:
            body = orjson.dumps(params)
        return HttpRequest("POST", self._method_path + method, headers, body, method.startswith(_REPEATABLE_PREFIXES))


def read_answer(method: str, response: HttpResponse) -> Any:
    """The `result` of an answer. Raises the error it stands for; nonsense is `ServerTrouble`, never a crash."""
    try:
        answer = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        raise _nonsense(method, response, "no JSON") from None
    if not isinstance(answer, dict) or "ok" not in answer:
        raise _nonsense(method, response, "not a Bot API answer")
    if answer["ok"] is True:
        if "result" not in answer:
            raise _nonsense(method, response, "an answer without a result")
        return answer["result"]
    code, description, parameters = answer.get("error_code"), answer.get("description"), answer.get("parameters")
    raise make_error(
        code if isinstance(code, int) else response.status,
        description if isinstance(description, str) else "",
        parameters if isinstance(parameters, dict) else None,
    )


def _nonsense(method: str, response: HttpResponse, what: str) -> ServerTrouble:
    content_type = response.headers.get("content-type", "no content type")
    trouble = ServerTrouble(
        f"{method} was answered with {what}: status {response.status}, {content_type}, {len(response.body)} bytes"
    )
    trouble.began_well = response.status == 200
    return trouble
