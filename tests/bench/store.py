"""Durable writes by many tasks through the store, against one thread in a tight loop.

The loop runs the same statements, each write in its own savepoint, as many writes in a transaction, on a connection
set up the same way; both check how many rows each statement touched. Rounds alternate, so that a slow moment of the
disk hits both; the ratio is that of the medians.
"""

from __future__ import annotations

import gc
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from store.durable.checkpoints import Checkpoints
from store.durable.queues import Queues
from store.embedded.connection import connect
from store.embedded.placeholders import make_translator
from store.factory import open_store

if TYPE_CHECKING:
    from store.write import Write

TASKS = 1_000
WRITES_PER_TASK = 30
ROUNDS = 5
FOLDER = os.environ.get("AURORA_BENCH_FOLDER")


class Workload:
    """Writes of every task, made beforehand."""

    def __init__(self, title, make):
        self.title = title
        self.make = make


def save_checkpoints(task: int, round_: int) -> list[Write]:
    """One statement a write: what a hunt does after each step."""
    checkpoints = Checkpoints(None)
    state = {"step": "apply", "vacancy": "v" * 120, "seen": 17}
    return [
        checkpoints.save(f"autopilot:{task}:{round_}", state, version=version, now=version)
        for version in range(WRITES_PER_TASK)
    ]


def consume_updates(task: int, round_: int) -> list[Write]:
    """What a lane commits for one update: finished in the inbox, an answer in the outbox, the dialog's checkpoint."""
    queues = Queues(None)
    checkpoints = Checkpoints(None)
    text = {"text": "onboarding.welcome", "values": {"name": "n" * 60}, "keyboard": []}
    writes = []
    for number in range(WRITES_PER_TASK // 2):
        key = f"{task}:{round_}:{number}"
        writes.append(queues.put("inbox", key, task, {"update": "u" * 200}, now=number))
        writes.append(
            queues.finish("inbox", key, now=number)
            + queues.put("outbox", key, task, text, now=number)
            + checkpoints.save(f"dialog:{task}:{round_}", {"step": number}, version=number, now=number)
        )
    return writes


WORKLOADS = (
    Workload("one statement a write", save_checkpoints),
    Workload("one and three statements by turns (update in; finished, answer out, checkpoint)", consume_updates),
)


def run() -> list[str]:
    lines = []
    for workload in WORKLOADS:
        store_rates, loop_rates, batch = measure(workload)
        ratio = statistics.median(store_rates) / statistics.median(loop_rates)
        lines.append(
            f"{workload.title}: store {statistics.median(store_rates):,.0f}/s, tight loop "
            f"{statistics.median(loop_rates):,.0f}/s at {batch:.0f} writes a commit, ratio {ratio:.2f} (aim 0.60)"
        )
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        lines += trio.run(measure_single, f"{folder}/store.db")
        lines.append(measure_flush(f"{folder}/flush"))
    return lines


def measure(workload: Workload) -> tuple[list[float], list[float], float]:
    store_rates, loop_rates, sizes = [], [], []
    for round_ in range(ROUNDS):
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            writes = [workload.make(task, round_) for task in range(TASKS)]
            gc.collect()
            gc.freeze()  # the writes made beforehand are no garbage of the store's
            rate, size = trio.run(write_by_tasks, f"{folder}/store.db", writes)
            store_rates.append(rate)
            sizes.append(size)
            trio.run(make_empty, f"{folder}/loop.db")
            loop_rates.append(write_in_a_loop(f"{folder}/loop.db", writes, round(size)))
    return store_rates, loop_rates, statistics.median(sizes)


async def make_empty(path: str) -> None:
    async with open_store(f"sqlite:///{path}"):
        pass


async def write_by_tasks(path: str, writes: list[list[Write]]) -> tuple[float, float]:
    """Writes a second, and writes a commit."""
    async with open_store(f"sqlite:///{path}") as store:
        commits = count_batches(store)
        began = time.perf_counter()
        async with trio.open_nursery() as nursery:
            for own in writes:
                nursery.start_soon(write_all, store, own)
        seconds = time.perf_counter() - began
    total = sum(len(own) for own in writes)
    return total / seconds, total / len(commits)


async def write_all(store, writes: list[Write]) -> None:
    for write in writes:
        await store.write(write)


def count_batches(store) -> list[int]:
    commits = store._database._commits
    run, sizes = commits._run, []

    def counted(writes):
        sizes.append(len(writes))
        return run(writes)

    commits._run = counted
    return sizes


def write_in_a_loop(path: str, writes: list[list[Write]], size: int) -> float:
    """Writes a second."""
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
    began = time.perf_counter()
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
    seconds = time.perf_counter() - began
    connection.close()
    return len(plan) / seconds


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
