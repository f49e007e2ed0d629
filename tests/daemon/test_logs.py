"""Log lines: one JSON object each, with the task's name and the bound ids, without any secret."""

from __future__ import annotations

import errno
import io
import json
import logging

import pytest
import structlog
import trio
from structlog.contextvars import bound_contextvars

from daemon.clock import TrioClock
from daemon.logs import SILENT, Redactor, StandardBridge, configure_logs
from daemon.secret import Secret

TOKEN = "123456789:AAF-abcdefghijklmnopqrstuvwxyz0123456"


@pytest.fixture
def stream(expected_errors):
    stream = io.StringIO()
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    configure_logs(stream=stream, secrets=[Secret("hush-hush"), Secret("abc")], clock=None)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in SILENT:
        logging.getLogger(name).propagate = True
        logging.getLogger(name).setLevel(logging.NOTSET)


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_line_is_json_with_level_room_and_time(stream):
    structlog.get_logger("daemon.somewhere").warning("poll_failed", attempts=2)
    (line,) = lines(stream)
    assert (line["event"], line["attempts"], line["level"], line["room"]) == (
        "poll_failed",
        2,
        "warning",
        "daemon.somewhere",
    )
    assert line["at"].endswith("+00:00")


async def test_line_names_task_and_bound_ids(stream):
    async def work():
        with bound_contextvars(user_id=42, update_id=7):
            structlog.get_logger("x").info("done")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(work, name="autopilot:42")
    (line,) = lines(stream)
    assert (line["task"], line["user_id"], line["update_id"]) == ("autopilot:42", 42, 7)


def test_debug_is_left_out(stream):
    structlog.get_logger("x").debug("chatter")
    assert lines(stream) == []


def test_tokens_and_known_secrets_are_cut_out(stream):
    structlog.get_logger("x").error(
        f"sent to /bot{TOKEN}/getMe",
        url=f"https://api.telegram.org/bot{TOKEN}/getMe",
        nested={"list": [Secret("x"), "hush-hush", {TOKEN: 1}], "bytes": b"hush-hush"},
        pair=("hush-hush", 3),
    )
    assert TOKEN not in stream.getvalue()
    assert "hush" not in stream.getvalue()
    assert lines(stream)[0]["pair"] == ["***", 3]


def test_traceback_is_places_without_text(stream):
    try:
        int("what a person wrote")
    except ValueError:
        structlog.get_logger("x").exception("crashed")
    (line,) = lines(stream)
    assert line["error"] == "ValueError"
    assert "test_logs.py" in line["frames"][-1]
    assert "person" not in stream.getvalue()


def test_error_given_by_name_is_described_too(stream):
    structlog.get_logger("x").error("crashed", exc_info=KeyError("k"))
    assert (lines(stream)[0]["error"], lines(stream)[0]["frames"]) == ("KeyError", [])


def test_http_libraries_are_silent(stream):
    for name in ("httpx2", "httpcore2", "httpx", "httpcore"):
        logging.getLogger(name).error("GET %s", TOKEN)
        logging.getLogger(f"{name}.http11").error("GET %s", TOKEN)
    assert stream.getvalue() == ""


def test_other_libraries_speak_through_the_same_lines(stream):
    logging.getLogger("hypercorn.error").warning("bind to %s", "127.0.0.1")
    (line,) = lines(stream)
    assert (line["room"], line["text"], line["level"]) == ("hypercorn.error", "bind to 127.0.0.1", "warning")


def test_configuring_again_adds_no_second_bridge(stream):
    configure_logs(stream=stream)
    assert len([handler for handler in logging.getLogger().handlers if isinstance(handler, StandardBridge)]) == 1


async def test_time_comes_from_the_clock(expected_errors, autojump_clock):
    stream = io.StringIO()
    configure_logs(stream=stream, clock=TrioClock(start_at=0))
    structlog.get_logger("x").info("hello")
    assert lines(stream)[0]["at"].startswith("1970-01-01T00:00:00")


def test_short_secrets_do_not_mangle_words():
    assert Redactor([Secret("abc")]).clean("abcdef") == "abcdef"


def test_longer_secret_is_cut_before_its_part():
    assert Redactor([Secret("secret"), Secret("secret-two")]).clean("secret-two") == "***"


class FullDisk(io.StringIO):
    """A stream that takes nothing while its disk is full."""

    is_full = True

    def write(self, text):
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


def test_log_on_a_full_disk_costs_lines_and_nobody_who_logs(stream):
    disk = FullDisk()
    configure_logs(stream=disk)  # `stream` undoes it
    log = structlog.get_logger("room")
    log.info("one")
    log.warning("two")
    disk.is_full = False
    log.info("three")
    log.info("four")
    lost, third, fourth = [json.loads(line) for line in disk.getvalue().split()]
    assert (lost["event"], lost["lines"]) == ("log_lines_lost", 2)
    assert (third["event"], fourth["event"]) == ("three", "four")
