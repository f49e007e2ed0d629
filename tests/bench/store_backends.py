"""`make bench-store`: what durable writes cost on each backend of the store.

For each workload of `tests.bench.store`: 1,000 tasks through the store; the driver's own tight loop in one thread with
the same statements, each write in a savepoint, as many writes in a transaction; and that loop with a transaction for
each write, as the contrast. Then how long a write takes while 1, 100 and 10,000 tasks write as fast as they are
acknowledged. `python -m tests.bench.store_backends NAME ...` runs the named backends, or all.

Ratios by the clock and by this process's CPU are both told. Where a flush of the disk is slow, both sides wait for it
and the ratio by the clock says little: `AURORA_BENCH_FOLDER=/dev/shm` takes the disk out of it. A server's own CPU is in
the clock only.

To add a backend: a class with the members of `Backend`, one instance in `BACKENDS`. `fresh` gives the URL of an empty
database and takes it away afterwards; `write_in_a_loop` uses the driver alone, makes its plan before the clock is
started, gives each write a savepoint and checks `expects`, as `tests.bench.store.write_in_a_loop` does. The size of a
batch is counted in `GroupCommit`, so a backend that uses it needs nothing more. A backend that is not there (no server)
raises `NotHere` in `fresh` and is told of in one line.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

import trio
from trio.testing import wait_all_tasks_blocked

from daemon.collector import calm_collector
from store.factory import open_store
from tests.bench.postgres_backend import NotHere, PostgresBackend
from tests.bench.store import (
    CHECKPOINTS,
    FOLDER,
    WORKLOADS,
    Cost,
    make_empty,
    make_writes,
    measure_flush,
    take_median,
    write_by_tasks,
    write_in_a_loop,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from store.write import Write
    from tests.bench.store import Workload

ROUNDS = 5
ONE_BY_ONE = 1_000
WRITERS = {1: 1_000, 100: 100, 10_000: 10}
"""How many writers, and how often each writes."""


class Backend(Protocol):
    """One kind of store."""

    name: str
    aim: float
    """Ratio of the store to the driver's tight loop."""

    def open(self) -> AbstractContextManager[None]:
        """What all databases share, a server say. Raises `NotHere`."""

    def fresh(self) -> AbstractContextManager[str]:
        """The URL of an empty database, gone afterwards."""

    def write_in_a_loop(self, url: str, writes: list[list[Write]], size: int) -> Cost:
        """One thread, the driver alone, `size` writes to a transaction; what a write costs. The schema is there."""


class SqliteBackend:
    name = "sqlite"
    aim = 0.8

    def open(self) -> AbstractContextManager[None]:
        return nullcontext()

    @contextmanager
    def fresh(self) -> Iterator[str]:
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            yield f"sqlite:///{folder}/aurora.db"

    def write_in_a_loop(self, url: str, writes: list[list[Write]], size: int) -> Cost:
        return write_in_a_loop(url.removeprefix("sqlite:///"), writes, size)


BACKENDS: tuple[Backend, ...] = (SqliteBackend(), PostgresBackend(15), PostgresBackend(18))
TRIOPG_TASKS = 100
"""Of the thousand: it takes its time."""


def measure(backend: Backend, workload: Workload) -> str:
    """One line: the store, the tight loop, one by one."""
    in_store, in_loop, apart, sizes = [], [], [], []
    for _ in range(ROUNDS):
        writes = make_writes(workload)
        gc.collect()
        gc.freeze()
        with backend.fresh() as url:
            cost, size = trio.run(write_by_tasks, url, writes)
        in_store.append(cost)
        sizes.append(size)
        with backend.fresh() as url:
            trio.run(make_empty, url)
            in_loop.append(backend.write_in_a_loop(url, writes, round(size)))
        with backend.fresh() as url:
            trio.run(make_empty, url)
            few = ONE_BY_ONE // len(writes[0])
            apart.append(backend.write_in_a_loop(url, writes[:few], 1))
    store, loop, single = take_median(in_store), take_median(in_loop), take_median(apart)
    return (
        f"{workload.title}: store {1 / store.wall:,.0f}/s, tight loop {1 / loop.wall:,.0f}/s at "
        f"{sorted(sizes)[ROUNDS // 2]:.0f} writes a commit, ratio {loop.wall / store.wall:.2f} (aim {backend.aim}), "
        f"one by one {1 / single.wall:,.0f}/s; CPU {store.cpu * 1e6:.1f}, {loop.cpu * 1e6:.1f} and "
        f"{single.cpu * 1e6:.0f} us a write, ratio {loop.cpu / store.cpu:.2f}"
    )


async def measure_latency(url: str, writers: int, times: int) -> str:
    """One line: how long a write takes, from handing in to its acknowledgement."""
    start, seconds = trio.Event(), []

    async def write_again_and_again(number: int) -> None:
        await start.wait()
        for version in range(times):
            write = CHECKPOINTS.save(f"autopilot:{number}", {"seen": version}, version=version, now=version)
            began = time.perf_counter()
            await store.write(write)
            seconds.append(time.perf_counter() - began)

    async with open_store(url) as store:
        async with trio.open_nursery() as nursery:
            for number in range(writers):
                nursery.start_soon(write_again_and_again, number)
            await wait_all_tasks_blocked()
            began = time.perf_counter()
            start.set()
        took = time.perf_counter() - began
    seconds.sort()
    p50, p99 = (seconds[len(seconds) * share // 100] * 1e3 for share in (50, 99))
    return f"{writers:,} writers: p50 {p50:.2f} ms, p99 {p99:.2f} ms, {len(seconds) / took:,.0f} writes a second"


def measure_bare(backend: PostgresBackend) -> Iterator[str]:
    """A line for each workload: what libpq does with nothing around it."""
    for workload in WORKLOADS:
        costs = []
        for _ in range(ROUNDS):
            writes = make_writes(workload)
            with backend.fresh() as url:
                trio.run(make_empty, url)
                costs.append(trio.run(backend.write_in_a_bare_pipeline, url, writes, len(writes)))
        cost = take_median(costs)
        yield f"bare pipeline, {workload.title}: {1 / cost.wall:,.0f}/s; CPU {cost.cpu * 1e6:.1f} us a write"


def measure_triopg(backend: PostgresBackend) -> Iterator[str]:
    """A line for each workload: triopg's tight loop, on the same server."""
    for workload in WORKLOADS:
        with backend.fresh() as url:
            trio.run(make_empty, url)
            try:
                seconds = backend.write_by_triopg(url, make_writes(workload)[:TRIOPG_TASKS], TRIOPG_TASKS)
            except subprocess.CalledProcessError as error:
                yield f"triopg: not measured: {error}"
                return
        yield f"triopg, {workload.title}: tight loop {1 / seconds:,.0f}/s at {TRIOPG_TASKS} writes a commit"


def run(backend: Backend) -> Iterator[str]:
    try:
        with backend.open():
            for workload in WORKLOADS:
                yield measure(backend, workload)
            for writers, times in WRITERS.items():
                with backend.fresh() as url:
                    yield trio.run(measure_latency, url, writers, times)
            if isinstance(backend, PostgresBackend):
                yield from measure_bare(backend)
                yield from measure_triopg(backend)
    except NotHere as error:
        yield f"not measured: {error}"


def main(names: list[str]) -> int:
    backends = {backend.name: backend for backend in BACKENDS}
    unknown = set(names) - set(backends)
    if unknown:
        print(f"no backend named {', '.join(sorted(unknown))}; there are: {', '.join(backends)}")
        return 2
    calm_collector()  # as the daemon does
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        print(measure_flush(f"{folder}/flush"))
    for name in names or backends:
        print(f"== {name}")
        for line in run(backends[name]):
            print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
