"""Fixtures of all tests: a store, a clock, and the rule that an unexpected error log fails its test."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from daemon.clock import TrioClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, MutableMapping

    from store.store import Store

Logged = list[dict[str, Any]]
ERRORS = {"error", "critical", "exception"}


class _Recorder:
    """Keeps what is logged instead of printing it."""

    def __init__(self) -> None:
        self.lines: Logged = []

    def __call__(self, _logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        self.lines.append({**event, "level": method})
        raise structlog.DropEvent


@pytest.fixture
def logged() -> Iterator[Logged]:
    """Everything structlog was told during the test, as dicts with `event` and `level`."""
    recorder = _Recorder()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, recorder], cache_logger_on_first_use=False)
    yield recorder.lines
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def expected_errors(logged: Logged) -> Logged:
    """Ask for this in a test in which errors are logged on purpose; it holds the lines so far."""
    return logged


@pytest.fixture(autouse=True)
def no_unexpected_error_logs(
    request: pytest.FixtureRequest, logged: Logged, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """An error in the log that the test did not ask for fails it."""
    yield
    if "expected_errors" in request.fixturenames:
        return
    unexpected: list[Any] = [line for line in logged if line["level"] in ERRORS]
    for when in ("setup", "call"):
        unexpected += [record for record in caplog.get_records(when) if record.levelno >= logging.ERROR]
    assert not unexpected, f"unexpected errors in the log: {unexpected}"


@pytest.fixture
def clock() -> TrioClock:
    """Wall time that follows Trio's clock: with `autojump_clock` it jumps."""
    return TrioClock()


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    """An empty store in memory whose SQL runs in the loop: no thread, so virtual time works."""
    from store.factory import open_store

    async with open_store("sqlite://", inline=True) as opened:
        yield opened


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What had to be skipped, in one line."""
    skipped = sorted({report.nodeid.partition("::")[0] for report in terminalreporter.stats.get("skipped", [])})
    if skipped:
        terminalreporter.write_line(f"skipped, because this machine lacks something: {', '.join(skipped)}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """With `CI` set nothing may be skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and exitstatus == pytest.ExitCode.OK and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
