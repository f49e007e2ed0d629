"""FakeTransport: the Bot API server in memory; passes tests/contracts/test_transport_contract.py like the real one.

A `Peer` says what the other side does with a request: answers, cuts the line, hangs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import trio

from telegram_client.client import TelegramClient
from telegram_client.errors import AnswerTooLarge, NetworkTrouble, TelegramError
from telegram_client.token import BotToken
from telegram_client.transport import Deadlines, HttpRequest, HttpResponse, HttpStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TOKEN_TEXT = "123456:AAcanaryCANARYcanaryCANARYcanaryCANARY"


@dataclass(frozen=True)
class Seen:
    """A request as the peer reads it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `pieces` go out one by one."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    is_chunked: bool = False
    has_length: bool = True
    cut_after: int | None = None
    """Body bytes after which the line is cut."""
    closes: bool = False
    is_gzip: bool = False


@dataclass(frozen=True)
class Cut:
    """The line is cut before any byte of an answer."""


@dataclass(frozen=True)
class Hang:
    """Nothing comes, ever."""


Peer = Callable[[Seen], Awaitable[Answer | Cut | Hang]]


def ok(result: Any) -> Answer:
    """A Bot API answer that says yes."""
    return Answer(200, orjson.dumps({"ok": True, "result": result}), {"content-type": "application/json"})


def failure(code: int, description: str, parameters: Mapping[str, Any] | None = None) -> Answer:
    """A Bot API answer that says no."""
    body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
    if parameters:
        body["parameters"] = dict(parameters)
    return Answer(code, orjson.dumps(body), {"content-type": "application/json"})


class FakeTransport:
    """Hands requests to a peer in the same process."""

    def __init__(self, peer: Peer, *, answer_limit: int = 8 * 1024 * 1024) -> None:
        self._peer = peer
        self._answer_limit = answer_limit
        self.is_closed = False

    async def send(self, request: HttpRequest, deadlines: Deadlines) -> HttpResponse:
        async with self.stream(request, deadlines) as stream:
            body = bytearray()
            async for chunk in stream.chunks:
                body += chunk
                if len(body) > self._answer_limit:
                    trouble = AnswerTooLarge(f"the answer has more than {self._answer_limit} bytes")
                    trouble.began_well = stream.status == 200
                    raise trouble
            return HttpResponse(stream.status, stream.headers, bytes(body))

    @asynccontextmanager
    async def stream(self, request: HttpRequest, deadlines: Deadlines) -> AsyncIterator[HttpStream]:
        answer = await self._ask(request, deadlines)
        if isinstance(answer, Cut):
            if request.is_repeatable:
                answer = await self._ask(request, deadlines)
            if isinstance(answer, Cut):
                raise NetworkTrouble("the connection was closed before an answer", sent=True)
        assert isinstance(answer, Answer)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        async with aclosing(self._chunks(answer)) as chunks:
            yield HttpStream(answer.status, headers, chunks)

    async def aclose(self) -> None:
        self.is_closed = True
        await trio.lowlevel.checkpoint()

    async def _ask(self, request: HttpRequest, deadlines: Deadlines) -> Answer | Cut | Hang:
        seen = Seen(request.method, request.path, request.headers, request.body)
        with trio.move_on_after(min(deadlines.first_byte, deadlines.total)):
            answer = await self._peer(seen)
            if isinstance(answer, Hang):
                await trio.sleep_forever()
            return answer
        raise NetworkTrouble("no answer in time", sent=True)

    async def _chunks(self, answer: Answer) -> AsyncIterator[bytes]:
        for start in range(0, len(answer.body), 65536):
            await trio.lowlevel.checkpoint()
            end = start + 65536
            if answer.cut_after is not None and answer.cut_after < min(end, len(answer.body)):
                trouble = NetworkTrouble("the answer was cut off", sent=True)
                trouble.began_well = answer.status == 200
                raise trouble
            yield answer.body[start:end]


class Script:
    """A peer for clients: answers each Bot API method from a list (the last one stays) and remembers the calls."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {name: list(value) if isinstance(value, list) else [value] for name, value in answers.items()}
        self.calls: list[tuple[str, Any]] = []

    async def __call__(self, seen: Seen) -> Answer | Cut | Hang:
        await trio.lowlevel.checkpoint()
        method = seen.path.rpartition("/")[2]
        is_json = seen.headers.get("Content-Type") == "application/json"
        self.calls.append((method, seen.json() if is_json else seen.body))
        answers = self.answers.get(method, [ok(True)])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, TelegramError):
            raise answer
        return answer


def make_client(peer: Peer) -> TelegramClient:
    """A client whose server is `peer`."""
    return TelegramClient(BotToken.parse(TOKEN_TEXT), FakeTransport(peer))
