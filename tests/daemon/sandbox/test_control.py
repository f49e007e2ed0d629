"""The world's own door: switches and the log over HTTP."""

from __future__ import annotations

import orjson
import pytest
import trio

from daemon.sandbox.control import WorldControl
from daemon.sandbox.service import Request


@pytest.fixture
async def control(faults, world_log):
    return WorldControl(faults, world_log)


async def ask(control, method, path, body=None, **query):
    request = Request(method, path, {k: (str(v),) for k, v in query.items()}, {}, orjson.dumps(body) if body else b"")
    answer = await control.handle(request)
    return answer.status, orjson.loads(answer.body)


async def test_a_switch_goes_on_and_off(control, faults):
    status, fault = await ask(
        control, "POST", "/faults", {"kind": "latency", "service": "hh", "seconds": 2, "count": 3}
    )
    assert (status, fault["service"], fault["count"]) == (201, "hh", 3)
    _, listed = await ask(control, "GET", "/faults")
    assert [each["fault_id"] for each in listed["faults"]] == [fault["fault_id"]]
    assert (await ask(control, "DELETE", f"/faults/{fault['fault_id']}"))[1] == {"faults": []}
    assert (await ask(control, "DELETE", f"/faults/{fault['fault_id']}"))[0] == 404


async def test_all_switches_go_off_at_once(control, faults):
    faults.add("error")
    faults.add("html")
    assert await ask(control, "DELETE", "/faults") == (200, {"faults": []})


@pytest.mark.parametrize(
    "order",
    [
        None,
        {"kind": "earthquake"},
        {"kind": "error", "status": 200},
        {"kind": "error", "who": "me"},
        {"kind": "hang", "count": 0},
    ],
)
async def test_a_senseless_order_is_refused(control, faults, order):
    assert (await ask(control, "POST", "/faults", order))[0] == 400
    assert faults.listing() == ()


async def test_the_log_is_read_from_a_number_on(control, world_log):
    world_log.note("message", chat=1)
    world_log.note("application", vacancy="v")
    _, answer = await ask(control, "GET", "/log", after=1)
    assert [(act["number"], act["kind"], act["vacancy"]) for act in answer["acts"]] == [(2, "application", "v")]
    assert answer["last"] == 2


async def test_the_log_waits_for_news(control, world_log, autojump_clock, nursery):
    async def happen() -> None:
        await trio.sleep(7)
        world_log.note("message")

    nursery.start_soon(happen)
    before = trio.current_time()
    _, answer = await ask(control, "GET", "/log", after=0, wait=25)
    assert len(answer["acts"]) == 1
    assert trio.current_time() - before == pytest.approx(7)


async def test_the_log_answers_empty_when_nothing_happens(control, autojump_clock):
    assert (await ask(control, "GET", "/log", wait=2))[1] == {"acts": [], "last": 0}


@pytest.mark.parametrize(("path", "query"), [("/log", {"after": "x"}), ("/log", {"wait": "soon"})])
async def test_numbers_that_are_none_are_refused(control, path, query):
    assert (await ask(control, "GET", path, **query))[0] == 400


async def test_a_fault_is_named_by_its_number(control):
    assert (await ask(control, "DELETE", "/faults/all"))[0] == 404


async def test_other_paths_are_not_found(control):
    assert (await ask(control, "GET", "/nothing"))[0] == 404
