"""The world as a whole: prefixes, settings, what the sandbox prints, and its end by a signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import httpx2
import orjson
import pytest
import trio

from daemon.sandbox.server import serve_on_loopback
from daemon.sandbox.service import Request
from daemon.sandbox.telegram import WORLD_TOKEN
from daemon.sandbox.world import describe_sandbox, open_world

BASE = "http://127.0.0.1:9"


@pytest.fixture
async def world(world_clock):
    async with open_world(world_clock, 1) as world:
        world.settle_at(BASE)
        yield world


async def get(world, path, **query):
    return await world.service.handle(
        Request("GET", path, {k: (v,) for k, v in query.items()}, {"user-agent": "A/1 (a@b.c)"})
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/telegram/bot{WORLD_TOKEN}/getMe", 200),
        ("/hh/me", 403),
        ("/hh-site/oauth/authorize", 400),
        ("/gemini/v1beta/models/x", 200),
        ("/openai/v1/models", 200),
        ("/world/faults", 200),
        ("/world/log", 200),
        ("/", 200),
        ("/chat/people", 200),
        ("/nowhere", 404),
    ],
)
async def test_every_double_has_its_place(world, path, status):
    answer = await get(world, path)
    assert answer.status == status


async def test_the_settings_are_public_ones(world):
    settings = world.settings(BASE)
    assert settings["AURORA_TELEGRAM__API_URL"] == f"{BASE}/telegram"
    assert settings["AURORA_HH__SITE_URL"] == f"{BASE}/hh-site"
    assert all(name.startswith("AURORA_") for name in settings)


async def test_the_board_writes_links_to_where_it_is(world):
    assert world.hh.state.rules.site_url == f"{BASE}/hh-site"
    vacancy = next(iter(world.hh.state.vacancies))
    assert (await get(world, f"/hh-site/vacancy/{vacancy}")).status == 200


async def test_faults_reach_every_double(world):
    world.faults.add("error", service="telegram")
    assert (await get(world, f"/telegram/bot{WORLD_TOKEN}/getMe")).status == 503
    assert (await get(world, "/world/faults")).status == 200


async def test_all_doubles_write_one_log(world):
    person = world.people.add("Анна")
    world.people.send_text(person.user_id, "/start")
    board_person = next(iter(world.hh.state.people.values()))
    vacancy = next(iter(world.hh.state.vacancies))
    world.hh.state.add_application(board_person.person_id, "r", vacancy, letter="", source="api")
    kinds = [act["kind"] for act in orjson.loads((await get(world, "/world/log")).body)["acts"]]
    assert kinds == ["person_added", "update", "application_made"]


async def test_the_same_seed_makes_the_same_world(world_clock):
    async def look(seed):
        async with open_world(world_clock, seed) as world:
            return [(v.vacancy_id, v.title) for v in world.hh.state.vacancies.values()], world.hh.state.new_secret()

    assert await look(3) == await look(3) != await look(4)


async def test_the_sandbox_prints_lines_for_a_shell(world):
    lines = describe_sandbox(world, BASE).splitlines()
    assert f"export AURORA_HH__API_URL={BASE}/hh" in lines
    assert all(line.startswith(("export AURORA_", "#")) for line in lines)
    assert any(f"{BASE}/" in line for line in lines if line.startswith("# chat page"))


@pytest.mark.slow
async def test_the_sandbox_runs_until_a_signal():
    command = "import sys; from daemon.sandbox.world import run_sandbox; sys.exit(run_sandbox(0, 1))"
    process = await trio.lowlevel.open_process(
        [sys.executable, "-c", command], stdout=subprocess.PIPE, env=dict(os.environ)
    )
    try:
        with trio.fail_after(30):
            text = ""
            while "# chat page:" not in text or not text.endswith("\n"):
                text += (await process.stdout.receive_some(4096)).decode()
            address = text.partition("# chat page:")[2].split()[0]
            async with httpx2.AsyncClient() as client:
                assert "<title>Aurora" in (await client.get(address)).text
                login = f"{address}hh-site/oauth/authorize?response_type=code&client_id=aurora-sandbox-client"
                for door in ("http://127.0.0.1:8080/oauth/hh/callback", "http://localhost:9/x", "https://a.example/x"):
                    assert (await client.get(f"{login}&redirect_uri={door}")).status_code == 200
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
    finally:
        if process.poll() is None:
            process.kill()
        await process.stdout.aclose()


async def test_a_world_is_served_on_loopback(world):
    async with serve_on_loopback(world.service) as port, httpx2.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/telegram/bot{WORLD_TOKEN}/getMe")).json()["ok"] is True
