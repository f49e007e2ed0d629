"""What all model servers share: sending within the deadline, and errors that never repeat what the server said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest
import trio

from daemon.http_client import Answer, make_http_client
from daemon.llm.exchange import ServerAnswer, complete, post, read_answer, refuse
from daemon.llm.model import Completion, ModelBusy, ModelMisconfigured, ModelRefused, ModelTrouble
from tests.daemon.llm.servers import KEY
from tests.fakes.language_model import FakeLanguageModel

if TYPE_CHECKING:
    from trio.testing import MockClock


class Shape(ServerAnswer):
    number: int


def client(error: Exception | None = None, *, hangs: bool = False) -> httpx2.AsyncClient:
    async def handle(request: httpx2.Request) -> httpx2.Response:
        if hangs:
            await trio.sleep_forever()
        if error is not None:
            raise error
        return httpx2.Response(200, content=request.content)

    return make_http_client(transport=httpx2.MockTransport(handle))


async def test_body_is_json() -> None:
    answer = await post(client(), "https://model.example", {"text": "Привет"}, {"X": "1"}, 5)
    assert answer.json() == {"text": "Привет"}


@pytest.mark.parametrize("error", [httpx2.ConnectError("no"), httpx2.ReadTimeout("slow"), httpx2.ReadError("reset")])
async def test_unreachable_server_is_trouble_without_key(error: Exception) -> None:
    with pytest.raises(ModelTrouble) as caught:
        await post(client(error), "https://model.example", {}, {"Authorization": f"Bearer {KEY}"}, 5)
    assert KEY not in repr(caught.value)
    assert caught.value.__cause__ is None


async def test_deadline_ends_a_hanging_call(autojump_clock: MockClock) -> None:
    started = trio.current_time()
    with pytest.raises(ModelTrouble):
        await post(client(hangs=True), "https://model.example", {}, {}, 12)
    assert trio.current_time() - started == pytest.approx(12)


async def test_silence_is_borne_for_the_whole_deadline() -> None:
    seen: list[object] = []

    async def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.extensions["timeout"])
        return httpx2.Response(200, content=b"{}")

    http = make_http_client(transport=httpx2.MockTransport(handle))
    await post(http, "https://model.example", {}, {}, 90)
    assert seen == [{"connect": 10.0, "read": 90, "write": 90, "pool": 90}]


def test_unreadable_answer_names_the_field_not_its_value() -> None:
    with pytest.raises(ModelTrouble, match="number") as caught:
        read_answer(Answer(200, {}, b'{"number": "canary"}'), Shape)
    assert "canary" not in str(caught.value)
    assert read_answer(Answer(200, {}, b'{"number": 1, "more": 2}'), Shape).number == 1


def test_misconfiguration_names_the_settings() -> None:
    with pytest.raises(ModelMisconfigured, match=r"llm\.api_key"):
        refuse(Answer(401, {}, KEY.encode()))
    with pytest.raises(ModelTrouble, match=r"llm\.json_mode"):
        refuse(Answer(400, {}, b""))


def test_wait_is_taken_from_the_best_source() -> None:
    for arguments, headers, seconds in (
        ({"wait": 3}, {"retry-after": "9"}, 3),
        ({}, {"retry-after": "9"}, 9),
        ({}, {}, 20),
    ):
        with pytest.raises(ModelBusy) as caught:
            refuse(Answer(429, headers, b""), **arguments)
        assert caught.value.retry_after_seconds == seconds


async def test_completion_has_its_price_and_its_time(autojump_clock: MockClock) -> None:
    started_at = trio.current_time()
    await trio.sleep(2)
    completion = complete(FakeLanguageModel(), lambda: "text", (70, 3), started_at=started_at)
    assert completion == Completion("text", "fake", "fake-1", 70, 3, 2000)


async def test_refusal_costs_what_an_answer_would() -> None:
    def refuse_prompt() -> str:
        raise ModelRefused("no")

    with pytest.raises(ModelRefused) as caught:
        complete(FakeLanguageModel(), refuse_prompt, (70, 3), started_at=0)
    assert (caught.value.prompt_tokens, caught.value.completion_tokens) == (70, 3)
