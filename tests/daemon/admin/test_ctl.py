"""`aurora ctl` against a real door: answers for people and machines, and clear words when there is no daemon."""

from __future__ import annotations

import json
import socket
from functools import partial

import pytest
import trio

from daemon.admin.ctl import run_ctl
from daemon.admin.operations import GateLine
from daemon.admin.unix_socket import AdminLimits
from tests.daemon.admin.socket_door import connect, open_door
from tests.fakes.rows import read_audit


@pytest.fixture
def path(tmp_path):
    return tmp_path / "admin.sock"


@pytest.fixture
def run(path, daemon, capfd):
    async def run(*words, is_json=False, limits=None):
        async with open_door(path, daemon.operations, limits):
            code = await trio.to_thread.run_sync(partial(run_ctl, path, words, is_json=is_json))
        return code, *capfd.readouterr()

    return run


async def test_status_is_a_screen_for_people(run, daemon):
    await daemon.add_person(1)
    daemon.checks["telegram"] = "unreachable for 40 s"
    code, out, _ = await run("status")
    assert code == 0
    assert "unreachable for 40 s" in out
    assert "http://127.0.0.1:8080" in out
    assert "running 1" in out


async def test_status_is_json_for_machines(run):
    code, out, _ = await run("status", is_json=True)
    assert (code, json.loads(out)["version"]) == (0, "0.1.0")


async def test_why_tells_gates(run, daemon):
    await daemon.add_person(42)
    daemon.gates = [GateLine("day_cap", "apply", False, "40 of 40 [today]", until=daemon.clock.now() + 3_930_000)]
    code, out, _ = await run("why", "42")
    assert code == 0
    assert "40 of 40 [today]" in out
    assert "1 h 05 min" in out


async def test_tree_is_indented(run, daemon, spec):
    await daemon.supervisor.start(spec("poller"))
    code, out, _ = await run("tree")
    (line,) = [line for line in out.splitlines() if "poller" in line]
    assert (code, line.startswith("  "), "running" in line) == (0, True, True)


async def test_pause_takes_its_reason_from_the_rest(run, daemon):
    await daemon.add_person(42)
    assert (await run("pause", "42", "asked", "by", "mail"))[0] == 0
    (row,) = await read_audit(daemon.store)
    assert row.reason == "asked by mail"


async def test_events_stream_until_the_daemon_ends(path, daemon, capfd):
    codes = []

    async def watch():
        codes.append(await trio.to_thread.run_sync(partial(run_ctl, path, ["events"], is_json=True)))

    async with trio.open_nursery() as nursery, open_door(path, daemon.operations):
        nursery.start_soon(watch)
        with trio.fail_after(10):
            while not daemon.operations.events.watchers:
                await trio.lowlevel.checkpoint()
        daemon.operations.events.tap(None, "info", {"event": "hello", "level": "info"})
        await trio.sleep(0.2)
    out, err = capfd.readouterr()
    assert json.loads(out.splitlines()[0])["event"]["event"] == "hello"
    assert codes == [1]
    assert "hung up" in err


async def test_error_of_a_verb_is_one_line(run):
    code, out, err = await run("why", "999")
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert "999" in err


@pytest.mark.parametrize("words", [["staus"], ["why"], ["why", "me"], ["status", "now"]])
async def test_wrong_words_need_no_daemon(path, capfd, words):
    assert run_ctl(path, words, is_json=False) == 2
    assert "aurora ctl:" in capfd.readouterr().err


def test_unknown_verb_lists_the_verbs(path, capfd):
    run_ctl(path, ["xyzzy"], is_json=False)
    err = capfd.readouterr().err
    assert "status" in err
    assert "why USER" in err


def test_missing_daemon_is_one_clear_line(path, capfd):
    assert run_ctl(path, ["status"], is_json=False) == 1
    err = capfd.readouterr().err
    assert str(path) in err
    assert "is it running" in err
    assert "Traceback" not in err


def test_dead_daemons_socket_is_one_clear_line(path, capfd):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert run_ctl(path, ["status"], is_json=False) == 1
    assert "is it running" in capfd.readouterr().err


async def test_other_program_on_the_socket_is_one_clear_line(path, capfd):
    async def speak_http(stream):
        await stream.receive_some()
        await stream.send_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
        await stream.aclose()

    sock = trio.socket.socket(socket.AF_UNIX)
    await sock.bind(str(path))
    sock.listen(5)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, speak_http, [trio.SocketListener(sock)])
        code = await trio.to_thread.run_sync(partial(run_ctl, path, ["status"], is_json=False))
        nursery.cancel_scope.cancel()
    err = capfd.readouterr().err
    assert code == 1
    assert "Traceback" not in err


async def test_busy_daemon_is_tried_again_then_told(path, daemon, capfd):
    async with open_door(path, daemon.operations, AdminLimits(clients=1)), connect(path) as watcher:
        await watcher.send_message('{"id": 1, "verb": "events"}')
        with trio.fail_after(5):
            while not daemon.operations.events.watchers:
                await trio.lowlevel.checkpoint()
        assert await trio.to_thread.run_sync(partial(run_ctl, path, ["status"], is_json=False)) == 1
    assert "try again later" in capfd.readouterr().err
