"""Faults: what each switch does to a request and to its answer, how often, and where."""

from __future__ import annotations

import random

import orjson
import pytest
import trio

from daemon.clock import TrioClock
from daemon.sandbox.faults import FAULT_KINDS, HUGE_BODY_BYTES, Faults
from daemon.sandbox.service import ConnectionCut, Request, Response, answer_json
from daemon.sandbox.world_log import WorldLog

GET = Request("GET", "/vacancies")


class Counter:
    """Counts what was really carried out."""

    def __init__(self) -> None:
        self.executed = 0

    async def handle(self, request: Request) -> Response:
        self.executed += 1
        return answer_json({"executed": self.executed, "path": request.path})


async def test_without_switches_nothing_changes(faults):
    counter = Counter()
    answer = await faults.around("hh", counter).handle(GET)
    assert orjson.loads(answer.body) == {"executed": 1, "path": "/vacancies"}


@pytest.mark.parametrize(
    ("kind", "executed"),
    [("reset_before", 0), ("reset_after", 1), ("half_answer", 1)],
)
async def test_a_cut_connection_says_nothing_about_execution(faults, kind, executed):
    counter = Counter()
    faults.add(kind)
    with pytest.raises(ConnectionCut) as caught:
        await faults.around("hh", counter).handle(GET)
    assert counter.executed == executed
    assert (b"content-length" in caught.value.sent) == (kind == "half_answer")


async def test_half_an_answer_is_shorter_than_it_says(faults):
    faults.add("half_answer")
    with pytest.raises(ConnectionCut) as caught:
        await faults.around("hh", Counter()).handle(GET)
    head, _, body = caught.value.sent.partition(b"\r\n\r\n")
    assert 0 < len(body) < int(head.rpartition(b"content-length: ")[2])


async def test_an_error_is_not_executed(faults):
    counter = Counter()
    faults.add("error", status=502)
    answer = await faults.around("hh", counter).handle(GET)
    assert (answer.status, counter.executed) == (502, 0)
    assert b"<html>" in answer.body


@pytest.mark.parametrize(("service", "path"), [("telegram", ("parameters", "retry_after")), ("hh", ())])
async def test_too_many_tells_when_to_come_back(faults, service, path):
    faults.add("too_many", seconds=7)
    answer = await faults.around(service, Counter()).handle(GET)
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    value = orjson.loads(answer.body)
    for name in path:
        value = value[name]
    assert not path or value == 7


async def test_latency_answers_later(faults, autojump_clock):
    faults.add("latency", seconds=5)
    before = trio.current_time()
    answer = await faults.around("hh", Counter()).handle(GET)
    assert answer.status == 200
    assert trio.current_time() - before == pytest.approx(5)


async def test_a_slow_answer_was_executed_at_once(faults, autojump_clock, nursery):
    counter = Counter()
    faults.add("slow_answer", seconds=5)
    nursery.start_soon(faults.around("hh", counter).handle, GET)
    await trio.sleep(1)
    assert counter.executed == 1
    before = trio.current_time()
    faults.clear()
    faults.add("slow_answer", seconds=2)
    assert (await faults.around("hh", counter).handle(GET)).status == 200
    assert trio.current_time() - before == pytest.approx(2)


async def test_hang_never_answers(faults, autojump_clock):
    counter = Counter()
    faults.add("hang")
    with trio.move_on_after(3600) as scope:
        await faults.around("hh", counter).handle(GET)
    assert scope.cancelled_caught
    assert counter.executed == 0


async def test_late_commit_is_executed_after_the_cut(faults, autojump_clock):
    counter = Counter()
    faults.add("late_commit", seconds=3)
    with pytest.raises(ConnectionCut):
        await faults.around("hh", counter).handle(GET)
    await trio.sleep(2.9)
    assert counter.executed == 0
    await trio.sleep(0.2)
    assert counter.executed == 1


async def test_late_commit_survives_a_service_that_cuts(autojump_clock, faults):
    faults.add("late_commit", seconds=1)
    faults.add("reset_before")
    inner = faults.around("hh", Counter())
    with pytest.raises(ConnectionCut):
        await faults.around("hh", inner).handle(GET)
    await trio.sleep(2)


@pytest.mark.parametrize("kind", ["broken_json", "html", "huge_body"])
async def test_an_unreadable_answer_was_executed(faults, kind):
    counter = Counter()
    faults.add(kind)
    answer = await faults.around("hh", counter).handle(GET)
    assert (answer.status, counter.executed) == (200, 1)
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(answer.body)
    assert (len(answer.body) > HUGE_BODY_BYTES) == (kind == "huge_body")


async def test_a_count_is_used_up(faults):
    faults.add("error", count=2)
    service = faults.around("hh", Counter())
    assert [(await service.handle(GET)).status for _ in range(4)] == [503, 503, 200, 200]


async def test_a_switch_strikes_only_where_it_is_told_to(faults):
    faults.add("error", service="hh", method="POST", path="/negotiations*")
    hh, telegram = faults.around("hh", Counter()), faults.around("telegram", Counter())
    assert (await hh.handle(Request("POST", "/negotiations"))).status == 503
    assert (await hh.handle(Request("GET", "/negotiations"))).status == 200
    assert (await hh.handle(Request("POST", "/token"))).status == 200
    assert (await telegram.handle(Request("POST", "/negotiations"))).status == 200


async def test_the_same_seed_gives_the_same_trouble():
    async def run(seed: int) -> list[int]:
        async with trio.open_nursery() as nursery:
            faults = Faults(random.Random(seed), WorldLog(TrioClock()), nursery)
            faults.add("error", probability=0.5)
            service = faults.around("hh", Counter())
            return [(await service.handle(GET)).status for _ in range(40)]

    first, again, other = await run(1), await run(1), await run(2)
    assert first == again != other
    assert set(first) == {200, 503}


async def test_switches_can_be_listed_and_taken_back(faults, world_log):
    first = faults.add("error")
    second = faults.add("html")
    assert [fault.fault_id for fault in faults.listing()] == [first.fault_id, second.fault_id]
    assert faults.remove(first.fault_id)
    assert not faults.remove(first.fault_id)
    faults.clear()
    assert faults.listing() == ()
    assert world_log.count("fault_on") == 2


async def test_every_strike_stands_in_the_log(faults, world_log):
    faults.add("error", count=1)
    await faults.around("hh", Counter()).handle(GET)
    assert [act.get("what") for act in world_log.acts("fault")] == ["error"]


def test_every_kind_of_the_issue_exists():
    assert len(FAULT_KINDS) == 12
