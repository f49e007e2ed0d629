"""Whatever hh.ru answers, the hunt goes on: at most the one vacancy is left out, with its reason, and nothing doubles.

The real adapter speaks to a scripted board over HTTP in memory; only the answers to one vacancy are bad.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import trio

from daemon.boards.hh.board import HhBoard
from daemon.boards.registry import BoardRegistry
from daemon.config import HhSettings
from daemon.i18n.translate import Texts
from daemon.outbox.message import Text
from daemon.secret import Secret
from tests.fakes.board import FakeBoard
from tests.fakes.hunting import IVAN, HuntGround, open_ground

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from trio.testing import MockClock

    from daemon.clock import TrioClock
    from store.store import Store

Answer = Any
"""A response, an exception, or a function of the request that gives one."""


def vacancy(number: int, **changes: object) -> dict[str, object]:
    body: dict[str, object] = {
        "id": str(number),
        "name": f"Повар {number}",
        "alternate_url": f"https://hh.ru/vacancy/{number}",
        "apply_alternate_url": f"https://hh.ru/applicant/vacancy_response?vacancyId={number}",
        "employer": {"id": f"e{number}", "name": f"Кафе {number}"},
        "area": {"id": "1", "name": "Москва"},
        "published_at": "2026-11-20T10:00:00+0300",
        "description": "<p>Готовить <b>вкусно</b></p>",
        "has_test": False,
        "archived": False,
        "type": {"id": "open"},
    }
    return {**body, **changes}


class ScriptedBoard:
    """Vacancies 1 and 2 are sound; what vacancy 0 gets is the test's."""

    def __init__(self) -> None:
        self.details: Answer = None
        self.applying: Answer = None
        self.listed: dict[str, object] = vacancy(0)
        self.applied: list[str] = []

    async def handle(self, request: httpx2.Request) -> httpx2.Response:
        await trio.lowlevel.checkpoint()
        path = request.url.path
        if request.method == "POST":
            return self._apply(request)
        if path == "/vacancies":
            items = [self.listed, vacancy(1), vacancy(2)]
            return httpx2.Response(200, json={"found": 3, "pages": 1, "per_page": 100, "page": 0, "items": items})
        if path.startswith("/vacancies/") and path.count("/") == 2:
            number = path.rpartition("/")[2]
            return (
                self._give(self.details)
                if number == "0" and self.details
                else httpx2.Response(200, json=vacancy(int(number)))
            )
        return httpx2.Response(200, json={"items": [], "found": 0, "pages": 1, "already_applied": [], "suitable": []})

    def _apply(self, request: httpx2.Request) -> httpx2.Response:
        match = re.search(rb'name="vacancy_id"\r\n\r\n(\d+)', request.content)
        assert match
        number = match[1].decode()
        if number == "0" and self.applying is not None:
            return self._give(self.applying)
        self.applied.append(number)
        return httpx2.Response(201, headers={"location": f"/negotiations/n{number}"})

    def _give(self, answer: Answer) -> httpx2.Response:
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, httpx2.Response)
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)


class PlainSessions:
    """Everybody's token works."""

    async def call(self, user_id: object, board: object, work: Callable[[Secret], Awaitable[Any]]) -> Any:
        return await work(Secret("token"))

    def rests_for(self, user_id: object, board: object) -> float:
        return 0.0

    async def application_call(self, board: object, work: Callable[[Secret], Awaitable[Any]]) -> Any:
        return await work(Secret("application"))


@pytest.fixture
def scripted() -> ScriptedBoard:
    return ScriptedBoard()


@pytest.fixture
async def ground(store: Store, clock: TrioClock, scripted: ScriptedBoard) -> AsyncIterator[HuntGround]:
    transport = httpx2.MockTransport(scripted.handle)
    async with httpx2.AsyncClient(transport=transport) as http, open_ground(store, FakeBoard(), clock) as opened:
        board = HhBoard(http, HhSettings(client_id="us"), captcha_return_url="")
        opened.tools = replace(opened.tools, boards=BoardRegistry([board]), sessions=PlainSessions())
        yield opened


def errors(kind: str, value: str) -> dict[str, object]:
    return {"errors": [{"type": kind, "value": value}], "request_id": "1"}


BAD_BODIES = [
    b"",
    b"<html>502</html>",
    b'{"errors": null}',
    b'{"errors": [{}]}',
    b"[1, 2",
    b"null",
    b'"text"',
    b"\xff\xfe",
]
STATUSES = [400, 401, 402, 404, 405, 409, 415, 418, 422, 425, 451, 500, 501, 502, 503, 504, 599]


async def hunt(ground: HuntGround, seconds: float = 4000) -> tuple[str, str | None]:
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(seconds)
    state, reason = await ground.state("0")
    for language in ("ru", "en"):
        texts = Texts.load()
        assert "autopilot." not in texts.plain(Text(f"autopilot.state.{state}"), language)
        if reason is not None:
            assert "autopilot." not in texts.plain(Text(f"autopilot.reason.{reason}"), language)
    return state, reason


@pytest.mark.slow
@pytest.mark.parametrize("status", STATUSES)
async def test_any_refusal_of_one_application_lets_the_others_through(
    ground: HuntGround, scripted: ScriptedBoard, autojump_clock: MockClock, status: int
) -> None:
    scripted.applying = httpx2.Response(status, content=BAD_BODIES[status % len(BAD_BODIES)])
    await hunt(ground)
    assert sorted(set(scripted.applied)) == sorted(scripted.applied), "nothing doubles"
    assert {"1", "2"} <= set(scripted.applied)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (httpx2.Response(201), ("applied", None)),
        (httpx2.Response(403, json=errors("negotiations", "already_applied")), ("applied", "already_applied")),
        (httpx2.Response(403, json=errors("negotiations", "test_required")), ("refused", "test_required")),
        (httpx2.Response(303, headers={"location": "https://cafe.example/jobs"}), ("handed_over", "direct")),
    ],
)
async def test_each_sure_answer_ends_in_its_state(
    ground: HuntGround, scripted: ScriptedBoard, autojump_clock: MockClock, answer: Any, outcome: tuple[str, str | None]
) -> None:
    scripted.applying = answer
    state, reason = await hunt(ground)
    assert state == outcome[0]
    assert reason == outcome[1] or state == "applied"
    assert sorted(scripted.applied) == ["1", "2"]


@pytest.mark.parametrize(
    "answer", [httpx2.ReadTimeout("silent"), httpx2.ReadError("cut"), httpx2.RemoteProtocolError("half")]
)
async def test_lost_answer_is_asked_for_before_any_retry(
    ground: HuntGround, scripted: ScriptedBoard, autojump_clock: MockClock, answer: Exception
) -> None:
    scripted.applying = answer
    assert await hunt(ground, seconds=100) == ("ambiguous", "lost_answer")
    scripted.applying = None
    await trio.sleep(300)
    assert await ground.state("0") == ("applied", None)
    assert sorted(scripted.applied) == ["0", "1", "2"]


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(404, json=errors("not_found", "")),
        httpx2.Response(500, content=b"oops"),
        httpx2.Response(200, content=b"<html>"),
        httpx2.Response(200, json={"id": None, "name": None}),
        httpx2.Response(200, json=vacancy(0, archived=True)),
        httpx2.Response(200, json=vacancy(0, has_test=True, test={"required": True})),
        httpx2.ConnectError("no route"),
    ],
)
async def test_vacancy_with_a_bad_page_is_left_out_with_its_reason(
    ground: HuntGround, scripted: ScriptedBoard, autojump_clock: MockClock, answer: Any
) -> None:
    scripted.details = answer
    state, reason = await hunt(ground)
    assert state == "screened_out"
    assert reason is not None
    assert sorted(scripted.applied) == ["1", "2"]


@pytest.mark.parametrize(
    "changes",
    [
        {"salary": None, "employer": None, "area": None, "snippet": None, "type": None, "published_at": None},
        {"salary": {"from": None, "to": None, "currency": None}, "unknown": {"deep": [1]}},
        {"name": "<b>Повар</b> &amp; <script>alert(1)</script>", "employer": {"id": None, "name": "<i>Кафе</i>"}},
        {"name": "П" * 3000},
    ],
)
async def test_odd_fields_are_no_reason_to_stop(
    ground: HuntGround, scripted: ScriptedBoard, autojump_clock: MockClock, changes: dict[str, object]
) -> None:
    scripted.listed = vacancy(0, **changes)
    scripted.details = httpx2.Response(200, json=vacancy(0, **changes))
    state, _ = await hunt(ground)
    assert state == "applied"
    assert sorted(scripted.applied) == ["0", "1", "2"]


async def test_unreadable_list_item_is_skipped(
    ground: HuntGround, scripted: ScriptedBoard, autojump_clock: MockClock
) -> None:
    scripted.listed = {"id": None, "name": []}
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(300)
    assert sorted(scripted.applied) == ["1", "2"]
    assert (await ground.store.vacancies.count_by_state(IVAN)) == {"applied": 2}
