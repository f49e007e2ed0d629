"""The doors say where they are and what is off; probes and gates speak in the operator's words."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx2
import pytest
import trio

from daemon.admin.event_hub import EventHub
from daemon.dialogs.rehearsal import Rehearsed
from daemon.doors import (
    explain_to_operator,
    make_operations,
    make_pages,
    make_probes,
    open_doors,
    tell_key_change,
    tell_rehearsal,
)
from daemon.inbox.poller import PollHealth
from daemon.metrics import Metrics
from daemon.supervisor.layers import Layers
from daemon.supervisor.shutdown import StopSwitch
from daemon.supervisor.tree import open_supervisor
from daemon.vault import make_secret_key
from daemon.web.server import PortTaken
from store.errors import StoreUnavailable
from store.ids import UserId
from tests.daemon.test_rooms import make_settings, rooms_of
from tests.fakes.owners import seize

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from trio.testing import MockClock

    from daemon.clock import TrioClock
    from daemon.config import Settings
    from daemon.rooms import Rooms
    from store.store import Store


def settings_in(folder: Path, **rooms: object) -> Settings:
    return make_settings(
        make_secret_key(), admin={"socket": str(folder / "admin.sock")}, web={"listen": "127.0.0.1:0"}, **rooms
    )


@pytest.fixture
async def rooms(store: Store, clock: TrioClock) -> AsyncIterator[Rooms]:
    async with rooms_of(make_settings(make_secret_key()), store, clock) as opened:
        yield opened


async def test_port_zero_tells_its_real_port(tmp_path: Path) -> None:
    async with open_doors(settings_in(tmp_path)) as doors:
        told = doors.tell()

        assert told["public_url"] == f"http://{told['web']}"
        assert not told["web"].endswith(":0")


async def test_what_is_not_set_up_is_off_with_the_mend(tmp_path: Path) -> None:
    async with open_doors(settings_in(tmp_path, hh={})) as doors:
        assert doors.tell()["hh"] == "off: set AURORA_HH__CLIENT_ID"
        assert doors.tell()["model"].startswith("off: set AURORA_LLM__PROVIDER")
    async with open_doors(settings_in(tmp_path, llm={"provider": "openai"})) as doors:
        assert doors.tell()["model"].startswith("off: set AURORA_LLM__API_KEY")


async def test_socket_is_gone_after_the_doors_close(tmp_path: Path) -> None:
    async with open_doors(settings_in(tmp_path)):
        assert (tmp_path / "admin.sock").exists()

    assert not (tmp_path / "admin.sock").exists()


async def test_taken_port_ends_the_start(tmp_path: Path) -> None:
    async with open_doors(settings_in(tmp_path)) as first:
        again = make_settings(admin={"socket": str(tmp_path / "other.sock")}, web={"listen": first.web.address})

        with pytest.raises(PortTaken, match="AURORA_WEB__LISTEN"):
            async with open_doors(again):
                pass


async def test_probe_waits_for_the_first_poll(rooms: Rooms) -> None:
    answers = await make_probes(rooms, Layers(())).ask()

    assert answers == {"store": "ok", "telegram": "no poll has succeeded yet", "children": "ok"}


async def test_sends_that_fail_are_trouble_though_polls_succeed(
    rooms: Rooms, clock: TrioClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    probes = make_probes(rooms, Layers(()))
    rooms.poller.health = PollHealth(clock.now())

    assert (await probes.ask())["telegram"] == "ok"
    monkeypatch.setattr(type(rooms.speech.sender), "trouble", "502 Bad Gateway")
    assert (await probes.ask())["telegram"] == "messages do not go out: 502 Bad Gateway"


async def test_full_disk_is_told_in_words(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    async def is_full() -> None:
        raise StoreUnavailable("store /data/aurora.db: the disk is full: free some space")

    monkeypatch.setattr(rooms.store, "check_writable", is_full)

    assert "free some space" in (await make_probes(rooms, Layers(())).ask())["store"]


async def test_metrics_page_counts_children(rooms: Rooms, clock: TrioClock) -> None:
    async with open_supervisor(clock, random.Random(1)) as supervisor:
        layers = Layers((supervisor,))
        pages = httpx2.ASGITransport(make_pages(rooms, make_probes(rooms, layers), layers, Metrics()))
        async with httpx2.AsyncClient(transport=pages, base_url="http://door") as browser:
            answer = await browser.get("/metrics")

        assert answer.status_code == 200
        assert "aurora_restarts 0.0" in answer.text
        assert 'aurora_queue_waiting{queue="inbox"} 0.0' in answer.text


async def test_gates_reach_the_operator_in_english(rooms: Rooms) -> None:
    lines = await explain_to_operator(rooms, UserId(1001))

    assert lines[0].name == "wish"
    assert not lines[0].is_open
    assert lines[0].text.isascii()


async def test_operations_tell_that_the_daemon_drains(rooms: Rooms, tmp_path: Path) -> None:
    switch, layers = StopSwitch(), Layers(())
    async with open_doors(settings_in(tmp_path)) as doors:
        operations = make_operations(doors, rooms, layers, make_probes(rooms, layers), hub=EventHub(), switch=switch)
        assert not operations.is_draining()

        switch.ask("test")

        assert operations.is_draining()


async def test_change_of_the_secret_key_is_told_until_it_is_done(store: Store, clock: TrioClock) -> None:
    old, new = make_secret_key(), make_secret_key()
    async with rooms_of(make_settings(old), store, clock) as rooms:
        await rooms.accounts.vault.seal(UserId(1001), "letter", "text")
        assert tell_key_change(rooms) == {}

    async with rooms_of(make_settings(new, secret_key_old=[old.reveal()]), store, clock) as rooms:
        assert tell_key_change(rooms) == {"secret_key_change": "1 data keys are still under an older one"}
        await rooms.accounts.vault.rewrap()
        assert tell_key_change(rooms) == {"secret_key_change": "done: AURORA_SECRET_KEY_OLD may go"}


async def test_changed_scripts_are_told_of_where_there_are_any(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tell_rehearsal(rooms) == {}
    for result, is_told in ((Rehearsed(open=9), False), (Rehearsed(open=9, fit=2), True)):
        monkeypatch.setattr(type(rooms.dialogs), "rehearsed", result)
        assert bool(tell_rehearsal(rooms)) is is_told


async def test_process_that_does_not_poll_is_ready_all_the_same(
    rooms: Rooms, store: Store, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    own = await seize(store, "boot-1", roles=())
    probes = make_probes(replace(rooms, ownership=own), Layers(()))

    assert await probes.ask() == {"store": "ok", "telegram": "ok", "children": "ok", "ownership": "ok"}
    await trio.sleep(12)
    assert "acts for nobody" in (await probes.ask())["ownership"]
    monkeypatch.setattr(type(rooms.speech.sender), "trouble", "502 Bad Gateway")
    assert (await probes.ask())["telegram"] == "messages do not go out: 502 Bad Gateway"
