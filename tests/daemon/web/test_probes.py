"""Alive is not ready: the first asks nobody, the second asks everybody and says why."""

from __future__ import annotations

import json

import trio

from daemon.web.probes import Probes
from tests.daemon.web.http import fetch, open_door


async def fine():
    return None


async def silent():
    return "no poll has succeeded for 90 s"


async def failing():
    raise OSError("path of this machine")


async def test_alive_asks_nobody():
    async with open_door(checks={"telegram": silent}) as door:
        reply = await fetch(door.port, "/healthz")
        assert (reply.status, json.loads(reply.body)) == (200, {"alive": True})


async def test_ready_when_all_are_fine():
    async with open_door(checks={"store": fine, "telegram": fine}) as door:
        reply = await fetch(door.port, "/readyz")
        assert reply.status == 200
        assert json.loads(reply.body) == {"ready": True, "checks": {"store": "ok", "telegram": "ok"}}


async def test_reason_is_told():
    async with open_door(checks={"store": fine, "telegram": silent, "disk": failing}) as door:
        reply = await fetch(door.port, "/readyz")
        assert reply.status == 503
        assert json.loads(reply.body)["checks"] == {
            "store": "ok",
            "telegram": "no poll has succeeded for 90 s",
            "disk": "OSError",
        }


async def test_hanging_check_is_a_reason_too(autojump_clock):
    answers = await Probes({"store": trio.sleep_forever, "telegram": fine}).ask()
    assert answers == {"store": "no answer within 3 s", "telegram": "ok"}
    assert trio.current_time() == 3
