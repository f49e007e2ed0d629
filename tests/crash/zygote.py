"""The zygote: a process that has imported the daemon and forks one wherever one is wanted.

A daemon imports for a second and starts in a fifth of one; the kill machine starts thousands. Orders come as JSON
lines by standard input, `{"environment": {…}, "output": PATH}`; for each it forks and answers `{"pid": N}`, and
`{"pid": N, "code": N}` when that child has ended. Whatever happens, no child outlives the zygote, nor the zygote
whoever holds its standard input.

    async with open_zygote() as zygote:
        child = await zygote.fork(environment, output)
        code = await child.wait()
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import signal
import subprocess
import sys
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import trio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


@dataclass
class Child:
    """One forked process. `code`: negative for a signal."""

    pid: int
    code: int | None = None
    _ended: trio.Event = field(default_factory=trio.Event)

    def end(self, code: int) -> None:
        self.code = code
        self._ended.set()

    async def wait(self) -> int:
        """Until it has ended."""
        await self._ended.wait()
        assert self.code is not None
        return self.code

    def signal(self, number: int) -> None:
        """Nothing when it has ended already, whether or not that was told."""
        if self.code is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Zygote:
    """The other end of the pipes."""

    def __init__(self, process: trio.Process) -> None:
        self._process = process
        self._children: dict[int, Child] = {}
        self._turn = trio.Lock()
        self._send, self._receive = trio.open_memory_channel[Child](1)

    async def fork(self, environment: Mapping[str, str], output: Path) -> Child:
        """A child with this environment and no other, whose output goes to the end of a file."""
        order = json.dumps({"environment": dict(environment), "output": str(output)}) + "\n"
        async with self._turn:
            assert self._process.stdin is not None
            await self._process.stdin.send_all(order.encode())
            return await self._receive.receive()

    async def listen(self) -> None:
        """Hears of births and deaths until the zygote is gone."""
        assert self._process.stdout is not None
        rest = b""
        async for chunk in self._process.stdout:
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                news = json.loads(line)
                pid = news["pid"]
                if "code" in news:
                    self._children.pop(pid).end(news["code"])
                else:
                    # Handed over itself: by the time somebody asks for it, it may have ended.
                    child = self._children[pid] = Child(pid)
                    await self._send.send(child)


@asynccontextmanager
async def open_zygote(module: str = "tests.crash.launcher") -> AsyncIterator[Zygote]:
    """A zygote that calls `prepare()` of this module and whose children call its `run()`."""
    command = [sys.executable, "-m", "tests.crash.zygote", module]
    process = await trio.lowlevel.open_process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    zygote = Zygote(process)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(zygote.listen)
            yield zygote
            nursery.cancel_scope.cancel()
    finally:
        with trio.CancelScope(shield=True):
            process.kill()
            await process.wait()


def serve(run: Callable[[], int]) -> None:
    """Forks to order until standard input ends."""
    gc.collect()
    gc.freeze()
    ears = select.poll()
    ears.register(0, select.POLLIN)
    children: dict[int, int] = {}
    rest = b""
    while True:
        for descriptor, _ in ears.poll():
            if descriptor in children:
                ears.unregister(descriptor)
                os.close(descriptor)
                pid, status = os.waitpid(children.pop(descriptor), 0)
                tell(pid=pid, code=os.waitstatus_to_exitcode(status))
                continue
            data = os.read(0, 65536)
            if not data:
                return
            *orders, rest = (rest + data).split(b"\n")
            for order in orders:
                pid = fork(json.loads(order), run)
                handle = os.pidfd_open(pid)
                children[handle] = pid
                ears.register(handle, select.POLLIN)
                tell(pid=pid)


def tell(**news: int) -> None:
    """One line to whoever started us."""
    os.write(1, json.dumps(news).encode() + b"\n")


def fork(order: dict[str, Any], run: Callable[[], int]) -> int:
    """The child's process id. In the child this does not return."""
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(code)
        output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.closerange(3, 64)
        os.environ.clear()
        os.environ.update(order["environment"])
        code = run()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - shown; the copy of the zygote must not go on as one
        sys.excepthook(*sys.exc_info())
        code = 70
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Imports what the children need, then waits for orders."""
    import importlib

    module = importlib.import_module(sys.argv[1])
    module.prepare()
    serve(module.run)


if __name__ == "__main__":
    main()
