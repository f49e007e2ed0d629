"""The socket itself: its mode, what stands in its place, and how many clients it takes."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import AsyncExitStack

import pytest
import trio
from trio_websocket import ConnectionClosed

from daemon.admin.client_session import SessionLimits
from daemon.admin.unix_socket import AdminLimits, SocketTaken, WrongSocketPath, open_socket
from tests.daemon.admin.socket_door import ask, connect, hear, is_served, open_door
from tests.fakes.rows import read_audit


@pytest.fixture
def path(tmp_path):
    return tmp_path / "admin.sock"


async def test_socket_is_for_user_and_group_only(path):
    with open_socket(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert [file.name for file in path.parent.iterdir()] == ["admin.sock"]
    assert not path.exists()


async def test_socket_of_a_killed_daemon_is_replaced(path, daemon):
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    async with open_door(path, daemon.operations):
        assert await is_served(path)


async def test_socket_of_a_living_daemon_is_left_alone(path, daemon):
    async with open_door(path, daemon.operations):
        with pytest.raises(SocketTaken, match="AURORA_ADMIN__SOCKET"), open_socket(path):
            pass
        assert await is_served(path)


async def test_full_queue_counts_as_living(path):
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as first:
        busy.bind(str(path))
        busy.listen(0)
        first.connect(str(path))
        with pytest.raises(SocketTaken), open_socket(path):
            pass


async def test_file_in_its_place_is_never_removed(path):
    path.write_text("precious", encoding="utf-8")
    with pytest.raises(WrongSocketPath, match="no socket"), open_socket(path):
        pass
    assert path.read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize("where", ["/proc/nowhere/admin.sock", "/dev/null/admin.sock"])
async def test_impossible_path_is_one_clear_error(where, tmp_path):
    from pathlib import Path

    with pytest.raises(WrongSocketPath, match="AURORA_ADMIN__SOCKET"), open_socket(Path(where)):
        pass


async def test_successors_socket_is_not_removed(path):
    with open_socket(path):
        path.unlink()
        path.write_text("successor", encoding="utf-8")
    assert path.exists()


async def test_audit_names_the_user_of_the_client(path, daemon):
    await daemon.add_person(42)
    async with open_door(path, daemon.operations), connect(path) as client:
        assert (await ask(client, "pause", user=42))["ok"]
    (row,) = await read_audit(daemon.store)
    assert row.who == f"socket uid={os.getuid()}"


async def test_hundred_idle_clients_keep_nobody_out(path, daemon):
    async with open_door(path, daemon.operations), AsyncExitStack() as stack:
        for _ in range(100):
            await stack.enter_async_context(await trio.open_unix_socket(str(path)))
        assert await is_served(path)


async def test_hundred_idle_clients_after_handshake_keep_nobody_out(path, daemon):
    async with open_door(path, daemon.operations), AsyncExitStack() as stack:
        for _ in range(100):
            await stack.enter_async_context(connect(path))
        assert await is_served(path)


async def test_idlest_client_is_sent_away_politely(path, daemon):
    async with open_door(path, daemon.operations, AdminLimits(clients=2)), AsyncExitStack() as stack:
        idle, active = [await stack.enter_async_context(connect(path)) for _ in range(2)]
        await ask(idle, "status")
        await ask(active, "status")
        assert await is_served(path)
        with pytest.raises(ConnectionClosed) as closed:
            await hear(idle)
        assert (closed.value.reason.code, "connect again" in closed.value.reason.reason) == (1013, True)
        assert (await ask(active, "status"))["ok"]


async def test_newcomer_is_refused_politely_when_all_are_busy(path, daemon):
    async with open_door(path, daemon.operations, AdminLimits(clients=2)), AsyncExitStack() as stack:
        watchers = [await stack.enter_async_context(connect(path)) for _ in range(2)]
        for watcher in watchers:
            await watcher.send_message('{"id": 1, "verb": "events"}')
        with trio.fail_after(5):
            while daemon.operations.events.watchers < 2:
                await trio.lowlevel.checkpoint()
        async with connect(path) as newcomer:
            with pytest.raises(ConnectionClosed) as closed:
                await hear(newcomer)
        assert (closed.value.reason.code, "try again later" in closed.value.reason.reason) == (1013, True)
        daemon.operations.events.tap(None, "info", {"event": "still here", "level": "info"})
        assert (await hear(watchers[0]))["reply"]["event"]["event"] == "still here"


async def test_place_is_free_again_after_goodbye(path, daemon):
    async with open_door(path, daemon.operations, AdminLimits(clients=1, session=SessionLimits(handshake_seconds=1))):
        for _ in range(5):
            assert await is_served(path)
