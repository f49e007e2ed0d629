"""Children for the supervisor's tests: each does one thing, and remembers when."""

from __future__ import annotations

import random

import trio

from daemon.clock import TrioClock
from daemon.supervisor.circuit import CircuitPolicy
from daemon.supervisor.tree import open_supervisor

NO_CIRCUIT = CircuitPolicy(children=10_000)


def supervise(**options):
    options.setdefault("circuit", NO_CIRCUIT)
    return open_supervisor(TrioClock(), random.Random(1), **options)


async def stay(status):
    status.started()
    await trio.sleep_forever()


async def never_up(status):
    await trio.sleep_forever()


def failing(error):
    async def fail(status):
        status.started()
        raise error

    return fail


async def end_when_asked(status):
    status.started()
    await status.stopping.wait()


async def ignore_cancellation(status):
    status.started()
    with trio.CancelScope(shield=True):
        await trio.sleep(3600)
