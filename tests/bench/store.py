"""Durable writes by many tasks through the store, against one thread in a tight loop.

The loop runs the same statements, each write in its own savepoint, as many writes in a transaction, on a connection
set up the same way; both check how many rows each statement touched. Rounds alternate, so that a slow moment of the
disk hits both; the ratio is that of the medians. Tasks are started before the clock is. The processor's time is told
beside it: where others want the processor too, that is the steadier figure.
"""

from __future__ import annotations

import gc
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import trio
from trio.testing import wait_all_tasks_blocked

from store.durable.checkpoints import Checkpoints
from store.durable.queues import Queues
from store.embedded.connection import connect
from store.embedded.placeholders import make_translator
from store.factory import open_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from store.write import Write

TASKS = 1_000
WRITES_PER_TASK = 30
ROUNDS = 5
FOLDER = os.environ.get("AURORA_BENCH_FOLDER")


CHECKPOINTS = Checkpoints(None)
QUEUES = Queues(None)
"""They make writes; nobody reads here."""


class Workload(NamedTuple):
    """`make(task, turn)`: one write."""

    title: str
    make: Callable[[int, int], Write]


def save_checkpoints(task: int, turn: int) -> Write:
    """One statement a write: what a hunt does after each step."""
    state = {"step": "apply", "vacancy": "v" * 120, "seen": 17}
    return CHECKPOINTS.save(f"autopilot:{task}", state, version=turn, now=turn)


def consume_updates(task: int, turn: int) -> Write:
    """What an update commits: it comes in; then it is finished in the inbox, its answer is put into the outbox, and the
    dialog's checkpoint moves.
    """
    number, is_answer = divmod(turn, 2)
    key = f"{task}:{number}"
    if not is_answer:
        return QUEUES.put("inbox", key, task, {"update": "u" * 200}, now=number)
    text = {"text": "onboarding.welcome", "values": {"name": "n" * 60}, "keyboard": []}
    return (
        QUEUES.finish("inbox", key, now=number)
        + QUEUES.put("outbox", key, task, text, now=number)
        + CHECKPOINTS.save(f"dialog:{task}", {"step": number}, version=number, now=number)
    )


def make_writes(workload: Workload) -> list[list[Write]]:
    """Writes of each task. Made turn by turn, so that what is written one after another lies side by side in memory,
    as it does where tasks make a write and hand it in at once. Made task by task, as this bench once did, each write
    is a walk through cold memory: 4 us a write for the store and 1 us for the loop, which has made its plan from it.
    """
    turns = [[workload.make(task, turn) for task in range(TASKS)] for turn in range(WRITES_PER_TASK)]
    return [list(own) for own in zip(*turns, strict=True)]


WORKLOADS = (
    Workload("one statement a write", save_checkpoints),
    Workload("one and three statements by turns (update in; finished, answer out, checkpoint)", consume_updates),
)


class Cost(NamedTuple):
    """Of one write, in seconds."""

    wall: float
    cpu: float


def run() -> list[str]:
    lines = []
    for workload in WORKLOADS:
        in_store, in_loop, batch = measure(workload)
        wall = in_loop.wall / in_store.wall
        lines.append(
            f"{workload.title}: store {1 / in_store.wall:,.0f}/s, tight loop {1 / in_loop.wall:,.0f}/s at {batch:.0f} "
            f"writes a commit, ratio {wall:.2f} (aim 0.60); CPU {in_store.cpu * 1e6:.1f} and {in_loop.cpu * 1e6:.1f} us "
            f"a write, ratio {in_loop.cpu / in_store.cpu:.2f}"
        )
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        lines += trio.run(measure_single, f"{folder}/store.db")
        lines.append(measure_flush(f"{folder}/flush"))
    return lines


def measure(workload: Workload) -> tuple[Cost, Cost, float]:
    """Medians of the store, of the loop, and of the writes a commit."""
    in_store, in_loop, sizes = [], [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            writes = make_writes(workload)
            gc.collect()
            gc.freeze()  # the writes made beforehand are no garbage of the store's
            cost, size = trio.run(write_by_tasks, f"sqlite:///{folder}/store.db", writes)
            in_store.append(cost)
            sizes.append(size)
            trio.run(make_empty, f"sqlite:///{folder}/loop.db")
            in_loop.append(write_in_a_loop(f"{folder}/loop.db", writes, round(size)))
    return take_median(in_store), take_median(in_loop), statistics.median(sizes)


def take_median(costs: list[Cost]) -> Cost:
    return Cost(*map(statistics.median, zip(*costs, strict=True)))


class Stopwatch:
    """Time gone since it was made, for each of so many writes."""

    def __init__(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def read(self, writes: int) -> Cost:
        wall, cpu = self._began
        return Cost((time.perf_counter() - wall) / writes, (time.process_time() - cpu) / writes)


async def make_empty(url: str) -> None:
    async with open_store(url):
        pass


async def write_by_tasks(url: str, writes: list[list[Write]]) -> tuple[Cost, float]:
    """What a write costs, and writes a commit."""
    start, ends = trio.Event(), []

    async def write_all(own: list[Write]) -> None:
        await start.wait()
        for write in own:
            await store.write(write)
        ends.append(watch.read(total))

    total = sum(len(own) for own in writes)
    async with open_store(url) as store:
        commits = count_batches(store)
        async with trio.open_nursery() as nursery:
            for own in writes:
                nursery.start_soon(write_all, own)
            await wait_all_tasks_blocked()
            watch = Stopwatch()
            start.set()
    return ends[-1], total / len(commits)


def count_batches(store) -> list[int]:
    commits = store._database._commits
    run, sizes = commits._run, []

    def counted(writes):
        sizes.append(len(writes))
        return run(writes)

    commits._run = counted
    return sizes


def write_in_a_loop(path: str, writes: list[list[Write]], size: int) -> Cost:
    """What a write costs."""
    translate = make_translator()
    plan = []
    for turn in zip(*writes, strict=True):
        for write in turn:
            plan.append([])
            for statement in write.statements:
                translated = translate(statement.sql)
                plan[-1].append((translated.sql, translated.bind(statement.parameters), statement.expects))
    connection = connect(str(Path(path)))
    execute = connection.cursor().execute
    watch = Stopwatch()
    for start in range(0, len(plan), size):
        execute("BEGIN IMMEDIATE")
        for statements in plan[start : start + size]:
            execute("SAVEPOINT apart")
            for sql, parameters, expects in statements:
                cursor = execute(sql, parameters)
                if expects is not None and cursor.rowcount != expects:
                    raise AssertionError(sql)
            execute("RELEASE apart")
        execute("COMMIT")
    cost = watch.read(len(plan))
    connection.close()
    return cost


SINGLES = 1_000
THREAD_SQL = "SELECT key, payload FROM queue_items WHERE queue = $1 AND key = $2"


async def measure_single(path: str) -> list[str]:
    """One task alone: what a write and a read cost when nobody shares them."""
    async with open_store(f"sqlite:///{path}") as store:
        for lane in range(SINGLES):
            await store.write(store.queues.put("inbox", f"update:{lane}", lane, {"update": "u" * 200}, now=1))
        writes, in_loop, in_thread = [], [], []
        reads = store._database._reads
        for lane in range(SINGLES):
            began = time.perf_counter()
            await store.write(store.cursors.move("telegram", lane, now=1))
            wrote = time.perf_counter()
            await store.queues.get("inbox", f"update:{lane}")
            read = time.perf_counter()
            reads._heavy[THREAD_SQL] = 2
            await store.fetch_one(THREAD_SQL, "inbox", f"update:{lane}")
            in_thread.append(time.perf_counter() - read)
            in_loop.append(read - wrote)
            writes.append(wrote - began)
    return [
        f"one task alone: write {describe(writes)}",
        f"one task alone: read by key in the loop {describe(in_loop)}, in a thread {describe(in_thread)}",
    ]


def measure_flush(path: str) -> str:
    """What the disk asks for one durable write, whoever does it."""
    seconds = []
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    for number in range(SINGLES):
        began = time.perf_counter()
        os.pwrite(descriptor, b"x" * 4096, number * 4096)
        os.fdatasync(descriptor)
        seconds.append(time.perf_counter() - began)
    os.close(descriptor)
    return f"the disk alone: 4 kB and a flush {describe(seconds)}"


def describe(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    return f"{ordered[len(ordered) // 2] * 1e6:,.0f} us (p99 {ordered[len(ordered) * 99 // 100] * 1e6:,.0f})"
