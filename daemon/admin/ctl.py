"""The `ctl` command line: the admin socket's client. Sends one request, prints what comes back.

Exit codes: 0 answered, 1 the daemon does not run or could not answer, 2 no such verb or wrong words.
"""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING

import trio
from rich.console import Console
from trio_websocket import CloseReason, ConnectionClosed, HandshakeError, wrap_client_stream

from daemon.admin.tables import print_reply
from daemon.admin.verbs.catalogue import VERBS, find_verb
from daemon.admin.wire import AdminError, read_answer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trio_websocket import WebSocketConnection

    from daemon.admin.verb import Verb
    from daemon.admin.wire import Answer

ANSWERED = 0
NO_ANSWER = 1
WRONG_USAGE = 2
ANSWER_SECONDS = 40.0
LARGEST_ANSWER = 16 * 1024 * 1024
TRIES = 5
TRY_AGAIN_LATER = 1013
ABNORMAL = 1006


class NoDaemon(Exception):
    """Nobody answers on the socket."""


def run_ctl(path: Path, words: Sequence[str], *, is_json: bool) -> int:
    """One command line; returns the exit code."""
    try:
        verb = find_verb(words[0])
        args = verb.words_to_args(words[1:])
        verb.read_args(args)
    except AdminError as error:
        complain(f"{error}\n{list_verbs()}" if error.kind == "unknown_verb" else str(error))
        return WRONG_USAGE
    failure = ""
    try:
        trio.run(_ask, path, verb, args, is_json)
    except* (AdminError, NoDaemon) as group:
        failure = str(_first(group))
    except* (HandshakeError, trio.TooSlowError):
        failure = f"whoever listens at {path} does not answer as a daemon does"
    except* (KeyboardInterrupt, BrokenPipeError):
        pass  # the operator has seen enough
    if failure:
        complain(failure)
    return NO_ANSWER if failure else ANSWERED


def list_verbs() -> str:
    """One line a verb."""
    width = max(len(verb.usage) for verb in VERBS.values())
    return "\n".join(f"  {verb.usage:<{width}}  {verb.summary}" for verb in VERBS.values())


def complain(text: str) -> None:
    """To the operator, apart from the answer."""
    sys.stderr.write(f"aurora ctl: {text}\n")


async def _ask(path: Path, verb: Verb, args: dict[str, str], is_json: bool) -> None:
    request = json.dumps({"id": 1, "verb": verb.name, "args": args})
    for attempt in range(1, TRIES + 1):
        closed = await _converse(path, request, verb, is_json)
        if closed is None:
            return
        if closed.code != TRY_AGAIN_LATER or attempt == TRIES:
            raise NoDaemon(f"the daemon hung up{f': {closed.reason}' if closed.reason else ''}")
        await trio.sleep(0.1 * attempt)


async def _converse(path: Path, request: str, verb: Verb, is_json: bool) -> CloseReason | None:
    """None: answered. Otherwise why the daemon hung up before it had answered."""
    stream = await _connect(path)
    async with trio.open_nursery() as nursery:
        try:
            with trio.fail_after(ANSWER_SECONDS):
                socket = await wrap_client_stream(nursery, stream, "localhost", "/", max_message_size=LARGEST_ANSWER)
                await socket.send_message(request)
            await _print_answers(socket, verb, is_json)
        except ConnectionClosed as closed:
            return closed.reason or CloseReason(ABNORMAL, None)
        finally:
            await trio.aclose_forcefully(stream)
            nursery.cancel_scope.cancel("answered")
    return None


async def _print_answers(socket: WebSocketConnection, verb: Verb, is_json: bool) -> None:
    while True:
        with trio.fail_after(ANSWER_SECONDS if verb.stream is None else math.inf):
            answer = read_answer(await socket.get_message())
        _print(answer, verb, is_json)
        if not answer.more:
            return


async def _connect(path: Path) -> trio.SocketStream:
    try:
        return await trio.open_unix_socket(str(path))
    except PermissionError:
        raise NoDaemon(f"this user may not use {path}: run as the daemon's user or a member of its group") from None
    except OSError:
        raise NoDaemon(
            f"no daemon answers at {path}: is it running, and with the same AURORA_ADMIN__SOCKET or --config?"
        ) from None


def _print(answer: Answer, verb: Verb, is_json: bool) -> None:
    if answer.error is not None:
        raise AdminError(answer.error.kind, answer.error.text)
    if is_json:
        sys.stdout.write(json.dumps(answer.reply, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    else:
        print_reply(Console(highlight=False), verb.name, answer.reply)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
