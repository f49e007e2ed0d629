"""JSON lines to stderr; task, user and update ids in every line; secrets cut out.

`configure_logs` is called once, by the command line. Rooms log with `structlog.get_logger(__name__)`. Who works on
something binds its id for the length of it: `with bound_contextvars(user_id=42, update_id=7): ...`.

HTTP libraries print addresses at INFO, and a Telegram address holds the bot's token (dozens of published leaks): they
are silenced, and every line is searched for tokens as a second wall. An error's text may quote a person, so a traceback
is logged as places only.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

import orjson
import structlog
import trio

from daemon.clock import SystemClock
from daemon.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

    from structlog.typing import EventDict, Processor, WrappedLogger

    from daemon.clock import Clock

BOT_TOKEN = re.compile(r"(?<!\d)\d{5,}:[A-Za-z0-9_-]{30,}")
SILENT = ("httpx2", "httpcore2", "httpx", "httpcore", "hypercorn.access", "trio-websocket", "wsproto", "h11")
STARS = "***"
SHORTEST_SECRET = 6
"""Cutting out anything shorter would mangle ordinary words."""


class Redactor:
    """Cuts bot tokens and the secrets it was told of out of anything that is logged."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        known = {secret.reveal() for secret in secrets}
        self._known = sorted((text for text in known if len(text) >= SHORTEST_SECRET), key=len, reverse=True)

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """As a processor of structlog."""
        return {self._clean_text(key): self.clean(value) for key, value in event.items()}

    def clean(self, value: Any) -> Any:
        """The same value without secrets."""
        if isinstance(value, str):
            return self._clean_text(value)
        if value is None or isinstance(value, int | float):
            return value
        if isinstance(value, Secret):
            return STARS
        if isinstance(value, dict):
            return {self.clean(key): self.clean(member) for key, member in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.clean(member) for member in value]
        return self._clean_text(str(value))

    def _clean_text(self, text: str) -> str:
        text = BOT_TOKEN.sub(STARS, text)
        for secret in self._known:
            text = text.replace(secret, STARS)
        return text


def add_task_name(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Names the Trio task that logs; nothing outside of Trio."""
    if trio.lowlevel.in_trio_task():
        event.setdefault("task", trio.lowlevel.current_task().name)
    return event


def describe_error(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Turns `exc_info` into the error's type and its places; its text may quote a person."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)[-12:]
        event["frames"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return event


class TimeStamper:
    """Adds the time of the given clock in ISO 8601, UTC."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """As a processor of structlog."""
        moment = datetime.fromtimestamp(self._clock.now() / 1000, UTC)
        return {"at": moment.isoformat(timespec="milliseconds"), **event}


def render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """One line."""
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class StandardBridge(logging.Handler):
    """Hands the lines of libraries that use the standard `logging` to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line of a library."""
        log = structlog.get_logger(record.name)
        log.log(record.levelno, "library_said", text=record.getMessage(), exc_info=record.exc_info)


def configure_logs(
    *,
    level: str = "info",
    secrets: Iterable[Secret] = (),
    stream: TextIO | None = None,
    clock: Clock | None = None,
    extra: Iterable[Processor] = (),
) -> None:
    """Sets up structlog and the standard `logging` for this process. `extra` sees each event before it is rendered."""
    wanted = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            add_task_name,
            _add_logger_name,
            structlog.processors.add_log_level,
            describe_error,
            Redactor(secrets),
            TimeStamper(clock or SystemClock()),
            *extra,
            render_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(wanted),
        logger_factory=_NamedLines(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    _silence_libraries()


class PatientStream:
    """A stream whose failure costs lines, never the task that logs: a log on a full disk once ended the whole daemon.

    How many lines are missing is said in the first one that gets through again.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lost = 0

    def write(self, line: str) -> None:
        """Writes and flushes a line, or counts it as lost."""
        # The break ends a line of which only a part was written.
        note = f'\n{{"event":"log_lines_lost","lines":{self._lost},"level":"warning"}}\n' if self._lost else ""
        try:
            self._stream.write(note + line)
            self._stream.flush()
        except OSError:
            self._lost += 1
        else:
            self._lost = 0

    def flush(self) -> None:
        """Nothing is left to flush."""


class _Lines(structlog.WriteLogger):
    """A logger that knows the name it was asked for."""

    def __init__(self, stream: PatientStream, name: str) -> None:
        super().__init__(stream)  # type: ignore[arg-type]  # it asks for a TextIO and uses write and flush only
        self.name = name


class _NamedLines:
    def __init__(self, stream: TextIO) -> None:
        self._stream = PatientStream(stream)

    def __call__(self, *args: Any) -> _Lines:
        return _Lines(self._stream, str(args[0]) if args else "")


def _add_logger_name(logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    name = getattr(logger, "name", "")
    return {"room": name, **event} if name else event


def _silence_libraries() -> None:
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, StandardBridge):
            root.removeHandler(handler)
    root.addHandler(StandardBridge())
    root.setLevel(logging.WARNING)
    for name in SILENT:
        library = logging.getLogger(name)
        library.setLevel(logging.CRITICAL + 1)
        library.propagate = False
