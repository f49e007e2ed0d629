"""Failpoints: passages are counted by name, and death comes at the one that was chosen, in its phase."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing

import httpx2
import pytest
import trio

from telegram_client.transport import Deadlines, HttpRequest
from tests.crash import failpoints
from tests.crash.failpoints import Failpoints, KilledHttp, KilledTransport, Point, name_of, watch_sockets, watch_sqlite
from tests.fakes.loopback import serve_peer
from tests.fakes.transport import ok


class Died(BaseException):
    """In place of SIGKILL."""


class Watched:
    """Points that raise instead of killing, and remember what passed."""

    def __init__(self, deadly=None):
        self.passed = []
        self.stops = 0
        self.seen = []
        point = Point.parse(deadly) if deadly else None
        self.points = Failpoints(point, self.passed.append, die=self.die, stop=self.stop)

    def die(self):
        raise Died

    def stop(self):
        self.stops += 1


def test_a_point_is_read_as_it_is_written():
    point = Point.parse("board.get.vacancies.ID#12:before")
    assert point == Point("board.get.vacancies.ID", 12, "before")
    assert str(point) == "board.get.vacancies.ID#12:before"


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/hh/negotiations", "board.post.negotiations"),
        ("GET", "/hh/vacancies/120857329", "board.get.vacancies.ID"),
        ("GET", "/hh/vacancies/120857329/resumes_by_status", "board.get.vacancies.ID.resumes_by_status"),
        ("POST", "/gemini/v1beta/models/gemini-world:generateContent", "model"),
    ],
)
def test_a_request_is_named_for_what_it_is(method, path, name):
    assert name_of(method, path) == name


def test_only_the_chosen_passage_is_deadly():
    watched = Watched("store#2:in")
    for number in (1, 2, 3):
        assert watched.points.enter("store") == number
        for phase in ("in", "committed"):
            if (number, phase) == (2, "in"):
                with pytest.raises(Died):
                    watched.points.reach("store", number, phase)
            else:
                watched.points.reach("store", number, phase)
        watched.points.leave("store", number, "users")
    assert watched.passed == ["store#1 users", "store#2 users", "store#3 users"]


def test_after_a_step_the_next_one_is_deadly(monkeypatch):
    monkeypatch.setattr(failpoints.threading, "Timer", lambda *_: failpoints.threading.Thread())
    watched = Watched("store#1:after")
    watched.points.leave("store", watched.points.enter("store"))
    with pytest.raises(Died):
        watched.points.enter("telegram.getMe")


def test_a_request_may_be_told_to_stop_instead():
    watched = Watched("model#1:term")
    watched.points.reach("model", watched.points.enter("model"), "in")
    assert watched.stops == 1


@pytest.mark.parametrize(("phase", "kept"), [("before", 0), ("in", 0), ("committed", 1)])
def test_a_transaction_dies_on_its_side_of_the_commit(tmp_path, monkeypatch, phase, kept):
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE users (name TEXT)")
    monkeypatch.setattr(sqlite3, "connect", sqlite3.connect)
    watched = Watched(f"store#1:{phase}")
    watch_sqlite(watched.points)

    def write():
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.cursor().execute("INSERT INTO users VALUES ($1)", ("ann",))
            connection.execute("COMMIT")

    with pytest.raises(Died):
        write()
    monkeypatch.undo()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (kept,)


def test_a_transaction_is_counted_with_its_tables(monkeypatch):
    monkeypatch.setattr(sqlite3, "connect", sqlite3.connect)
    watched = Watched()
    watch_sqlite(watched.points)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE users (name TEXT)")
        connection.execute("BEGIN")
        connection.execute("INSERT INTO users VALUES ('ann')")
        connection.execute("UPDATE users SET name = 'bob'")
        connection.execute("COMMIT")
    assert watched.passed == ["store#1 users"]


async def call_telegram(watched, seen, *, has_left=True):
    """The answer, or None: died."""
    arrived = trio.Event()

    async def peer(request):
        seen.append(request.path)
        arrived.set()
        return ok(True)

    async with serve_peer(peer) as loopback:
        transport = KilledTransport(watched.points, loopback.url)
        try:
            return await transport.send(HttpRequest("POST", "/bot1:x/getMe"), Deadlines())
        except Died:
            if has_left:
                with trio.fail_after(5):
                    await arrived.wait()
            return None
        finally:
            await transport.aclose()


@pytest.fixture
def sockets(monkeypatch):
    monkeypatch.setattr(trio.SocketStream, "send_all", trio.SocketStream.send_all)
    watch_sockets()


@pytest.mark.usefixtures("sockets")
async def test_a_call_to_telegram_passes():
    watched, seen = Watched(), []
    assert (await call_telegram(watched, seen)).status == 200
    assert watched.passed == ["telegram.getMe#1 "]


@pytest.mark.usefixtures("sockets")
@pytest.mark.parametrize(("phase", "arrived"), [("before", 0), ("in", 1)])
async def test_a_call_to_telegram_dies_before_or_after_it_has_left(phase, arrived):
    watched, seen = Watched(f"telegram.getMe#1:{phase}"), []
    assert await call_telegram(watched, seen, has_left=bool(arrived)) is None
    assert len(seen) == arrived


async def test_a_request_to_a_board_passes_and_dies_where_it_should():
    async def peer(_request):
        return ok({"x": 1})

    async with serve_peer(peer) as loopback:
        watched = Watched("board.post.negotiations#2:in")
        async with httpx2.AsyncClient(transport=KilledHttp(watched.points), trust_env=False) as client:
            answer = await client.post(f"{loopback.url}/hh/negotiations", content=b"x")
            assert answer.json()["result"] == {"x": 1}
            assert watched.passed == ["board.post.negotiations#1 "]
            with pytest.raises(Died):
                await client.post(f"{loopback.url}/hh/negotiations", content=b"x")
            with pytest.raises(Died):
                watched.points.reach("board.post.negotiations", 2, "in")


def test_points_come_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("CRASH_POINT", "store#3:in")
    monkeypatch.setenv("CRASH_TALLY", str(tmp_path / "tally"))
    points = failpoints.from_environment()
    points.leave("store", points.enter("store"), "a,b")
    assert points.is_deadly("store", 3, "in")
    assert (tmp_path / "tally").read_text(encoding="utf-8") == "store#1 a,b\n"
    monkeypatch.delenv("CRASH_TALLY")
    monkeypatch.delenv("CRASH_POINT")
    assert not failpoints.from_environment().is_deadly("store", 3, "in")


def test_a_process_that_tells_itself_to_stop_leaves_word_first(tmp_path, monkeypatch):
    word, seen = tmp_path / "told", []
    monkeypatch.setenv("CRASH_TOLD", str(word))
    monkeypatch.setattr(failpoints.os, "kill", lambda pid, number: seen.append((pid, number, word.exists())))
    failpoints.stop_oneself()
    failpoints.kill_oneself()
    assert seen == [(os.getpid(), signal.SIGTERM, True), (os.getpid(), signal.SIGKILL, True)]
