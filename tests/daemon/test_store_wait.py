"""A start whose server is away waits, says so to whoever asks, and goes on; what will not pass ends it at once."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import pytest
import trio

from daemon.admin.ctl import run_ctl
from daemon.admin.unix_socket import open_socket
from daemon.config import Settings
from daemon.doors import Doors
from daemon.store_wait import open_patiently
from daemon.supervisor.shutdown import StopSwitch
from daemon.supervisor.systemd import Notifier
from daemon.upkeep import migrate_store
from daemon.web.server import open_listener
from store.errors import StoreError, StoreRefused, StoreUnavailable
from store.factory import open_store
from tests.daemon.supervisor.test_systemd import listening, received
from tests.daemon.test_main import living
from tests.daemon.web.http import fetch

WAITS = "waits for the store"


@asynccontextmanager
async def away(server):
    """Nobody listens at the beginning of the block, nor, unless started there, at its end."""
    await trio.to_thread.run_sync(server.stop, "QUIT")
    try:
        yield
    finally:
        if server._keeper.poll() is not None:
            await trio.to_thread.run_sync(server.start)


@contextmanager
def no_room(server, connections=0):
    server.ask(f"ALTER ROLE aurora CONNECTION LIMIT {connections}")
    try:
        yield
    finally:
        server.ask("ALTER ROLE aurora CONNECTION LIMIT -1")


async def until_logged(life, event):
    with trio.fail_after(15):
        while event not in life.log:  # noqa: ASYNC110 - another process logs
            await trio.sleep(0.05)


async def until_ready(life):
    began = trio.current_time()
    with trio.fail_after(15):
        while (await life.ask("/readyz")).status_code != 200:  # noqa: ASYNC110 - another process gets ready
            await trio.sleep(0.05)
    return trio.current_time() - began


@pytest.mark.slow
async def test_daemon_that_finds_no_server_waits_and_is_ready_within_five_seconds_of_it(
    tmp_path, server, url, password, capfd
):
    with listening(str(tmp_path / "notify")) as systemd:
        async with (
            away(server),
            living(tmp_path, AURORA_STORE__URL=url, NOTIFY_SOCKET=str(tmp_path / "notify")) as life,
        ):
            assert (await life.ask("/healthz")).status_code == 200
            answer = await life.ask("/readyz")
            assert answer.status_code == 503
            checks = answer.json()["checks"]
            assert "postgresql://aurora@/aurora" in checks.pop("store")
            assert checks == {"telegram": WAITS, "children": WAITS, "ownership": WAITS}
            assert (await life.ask("/oauth/hh/callback")).status_code == 503
            path = tmp_path / "admin.sock"
            assert await trio.to_thread.run_sync(lambda: run_ctl(path, ["status"], is_json=False)) == 1
            assert "it waits for its database; /readyz and the log say why" in capfd.readouterr().err
            told = received(systemd)
            await trio.to_thread.run_sync(server.start)
            assert await until_ready(life) < 5
            assert set((await life.ask("/readyz")).json()["checks"]) == {"store", *checks}
            assert await life.process.stop() == 0
        assert told[0].startswith("EXTEND_TIMEOUT_USEC=60000000\nSTATUS=waits for the database: store postgresql://")
        assert "READY=1\nSTATUS=hunting" in received(systemd)
    assert life.log.count("start_waits_for_database") == 1
    assert "database_is_back" in life.log
    assert password not in life.log + "".join(told)


@pytest.mark.slow
async def test_sigterm_ends_a_waiting_start_at_once_and_it_counts_as_no_early_death(tmp_path, server, url):
    async with away(server), living(tmp_path, AURORA_STORE__URL=url) as life:
        await until_logged(life, "start_waits_for_database")
        began = trio.current_time()
        assert await life.process.stop() == 0
        assert trio.current_time() - began < 2
        assert "Traceback" not in life.log
        assert not (tmp_path / "starts.json").exists()


@pytest.mark.slow
async def test_start_on_a_frozen_server_answers_its_door_meanwhile(tmp_path, server, url):
    (postmaster, *_) = (server.data / "postmaster.pid").read_text().splitlines()
    os.kill(int(postmaster), signal.SIGSTOP)
    try:
        async with living(tmp_path, AURORA_STORE__URL=url) as life:
            assert (await life.ask("/healthz")).status_code == 200
            await until_logged(life, "start_waits_for_database")
            assert (await life.ask("/healthz")).status_code == 200
            os.kill(int(postmaster), signal.SIGCONT)
            assert await until_ready(life) < 5
    finally:
        os.kill(int(postmaster), signal.SIGCONT)


@pytest.mark.slow
async def test_start_whose_server_goes_away_before_all_stands_begins_again(tmp_path, server, url):
    async with living(tmp_path, AURORA_STORE__URL=url) as life:
        await until_ready(life)
        assert await life.process.stop() == 0
        (table,) = server.ask("SELECT schemaname || '.data_keys' FROM pg_tables WHERE tablename = 'data_keys'")[-1]
        with closing(server.connect()) as locking:
            locking.autocommit = False
            locking.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            await life.process.start()
            with trio.fail_after(10):
                while not server.ask("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):  # noqa: ASYNC110 - the server tells nobody
                    await trio.sleep(0.02)
            async with away(server):
                await until_logged(life, "start_begins_again")
                assert life.process.is_running
        assert await until_ready(life) < 5
        assert await life.process.stop() == 0
    assert life.log.count("daemon_ready") == 2


@pytest.mark.slow
async def test_database_that_does_not_exist_ends_the_start_with_a_line(tmp_path, url):
    async with living(tmp_path, AURORA_STORE__URL=url.replace("/aurora?", "/nothing?")) as life:
        with trio.fail_after(10):
            while life.process.is_running:  # noqa: ASYNC110 - another process ends
                await trio.sleep(0.05)
        assert await life.process.stop() == 1
        assert 'database \\"nothing\\" does not exist' in life.log
        assert "start_waits_for_database" not in life.log


@asynccontextmanager
async def bound():
    """Both doors, with nobody behind them."""
    web = await open_listener("127.0.0.1:0")
    with tempfile.TemporaryDirectory() as folder, open_socket(Path(folder) / "admin.sock") as admin:
        async with web.listener:
            yield Doors(web, admin, Settings.model_construct())


@asynccontextmanager
async def opening(url, switch=None, notifier=None):
    async with (
        bound() as doors,
        open_patiently(url, doors, switch or StopSwitch(), notifier or Notifier({})) as store,
    ):
        yield store


async def test_server_without_room_for_all_connections_is_waited_for(server, url, logged):
    async with trio.open_nursery() as nursery:
        opened = trio.Event()

        async def open_it():
            async with opening(url) as store:
                await store.check_writable()
                opened.set()

        # One gets in, to see whether anybody may; the store needs two.
        with no_room(server, connections=1), trio.fail_after(10):
            nursery.start_soon(open_it)
            while not logged:  # noqa: ASYNC110 - a log line is no event
                await trio.sleep(0.01)
        with trio.fail_after(5):
            await opened.wait()
    assert [line["event"] for line in logged] == ["start_waits_for_database", "web_listens", "database_is_back"]
    assert "no connection left" in logged[0]["reason"] or "too many connections" in logged[0]["reason"]


async def test_doors_keep_their_addresses_for_the_daemon_after_the_wait(server, url):
    async with bound() as doors, trio.open_nursery() as nursery:
        with no_room(server):
            switch = StopSwitch()

            async def wait():
                async with open_patiently(url, doors, switch, Notifier({})) as store:
                    assert store is None

            nursery.start_soon(wait)
            assert (await fetch(doors.web.port, "/healthz")).status == 200
            assert "too many connections" in (await fetch(doors.web.port, "/readyz")).text
            switch.ask("SIGTERM")
        await trio.testing.wait_all_tasks_blocked()
        assert doors.web.listener.socket.fileno() > 0
        assert doors.admin.socket.fileno() > 0


@pytest.mark.parametrize("change", [("/aurora?", "/nothing?"), ("user=aurora", "user=nobody-here")])
async def test_refusal_is_raised_at_once_and_alone(url, change):
    with pytest.raises(StoreRefused, match="does not exist"):
        async with opening(url.replace(*change)):
            pass


async def test_unfinished_copy_is_refused_at_once(url):
    async with open_store(url) as store, store.transaction() as transaction:
        await transaction.execute(
            "INSERT INTO store_copies (table_name, source, last_key, copied, is_whole) VALUES ('users', 'x', '', 0, 0)"
        )
    with pytest.raises(StoreError, match="unfinished copy"):
        async with opening(url):
            pass


async def test_file_that_can_not_be_opened_is_not_waited_for(tmp_path):
    (tmp_path / "aurora.db").mkdir()
    with pytest.raises(StoreError):
        async with opening(f"sqlite:///{tmp_path}/aurora.db"):
            pass


async def test_commands_do_not_wait():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"postgresql://aurora@127.0.0.1:{nobody.getsockname()[1]}/aurora"
        with pytest.raises(StoreUnavailable, match="refused"), trio.fail_after(5):
            await migrate_store(url)


async def test_pauses_grow_to_two_seconds_and_systemd_is_told_each_time(tmp_path, autojump_clock, logged):
    switch = StopSwitch()
    with listening(str(tmp_path / "notify")) as systemd:
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        async with trio.open_nursery() as nursery:

            async def wait():
                async with opening(f"postgresql:///aurora?host={tmp_path}&user=aurora", switch, notifier) as store:
                    assert store is None

            nursery.start_soon(wait)
            await trio.sleep(10.5)
            switch.ask("SIGTERM")
        told = received(systemd)
    # After 0, 0.25, 0.75, 1.75, 3.75, 5.75, 7.75 and 9.75 s.
    assert len(told) == 8
    assert all(line.startswith("EXTEND_TIMEOUT_USEC=60000000\nSTATUS=waits for the database: ") for line in told)
    assert [line["event"] for line in logged].count("start_waits_for_database") == 1
