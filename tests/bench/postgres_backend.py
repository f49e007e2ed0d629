"""PostgreSQL for `make bench-store`: a server of the bench's own that flushes as it should, and triopg beside it.

The tight loop is psycopg's own: one thread, its pipeline, prepared statements, as many writes a transaction as the store
had, each in a savepoint, rows checked. triopg is installed into a throw-away environment, because it wants an event loop
of asyncio's and a package it does not name.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import venv
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from store.postgresql.address import parse_address
from store.postgresql.connection import Caller, open_connection
from tests.bench.store import FOLDER, Cost, Stopwatch
from tests.contracts.clusters import Cluster, programs_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from store.write import Write

DURABLE = """
fsync = on
full_page_writes = on
autovacuum = on
shared_buffers = 256MB
max_wal_size = 2GB
"""
TRIOPG = ("triopg==0.6.0", "trio==0.35.0", "trio-asyncio==0.16.0", "asyncpg==0.32.0", "async_generator==1.10")
LOOP_OF_TRIOPG = Path(__file__).with_name("triopg_loop.py")


class NotHere(Exception):
    """This backend can't be measured on this machine; the message says why."""


class PostgresBackend:
    """One major version."""

    aim = 0.6

    def __init__(self, version: int) -> None:
        self.name = f"postgresql{version}"
        self._version = version
        self._cluster: Cluster | None = None

    @contextmanager
    def open(self) -> Iterator[None]:
        if programs_of(self._version) is None:
            raise NotHere(f"no PostgreSQL {self._version} here")
        self._cluster = Cluster(self._version, config=DURABLE, within=FOLDER)
        try:
            yield
        finally:
            self._cluster.remove()

    @contextmanager
    def fresh(self) -> Iterator[str]:
        with self._cluster.new_schema() as url:
            yield url

    def write_in_a_loop(self, url: str, writes: list[list[Write]], size: int) -> Cost:
        plan = plan_of(writes)
        with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.RawCursor) as connection:
            connection.prepare_threshold = 0
            watch = Stopwatch()
            for start in range(0, len(plan), size):
                cursors = []
                with connection.pipeline():
                    connection.execute("BEGIN")
                    for statements in plan[start : start + size]:
                        connection.execute("SAVEPOINT apart")
                        cursors += [(connection.execute(sql, values), expects) for sql, values, expects in statements]
                        connection.execute("RELEASE SAVEPOINT apart")
                if any(expects is not None and cursor.rowcount != expects for cursor, expects in cursors):
                    raise AssertionError("a write missed")
                connection.execute("COMMIT")
            return watch.read(len(plan))

    async def write_in_a_bare_pipeline(self, url: str, writes: list[list[Write]], size: int) -> Cost:
        """libpq alone: values bound beforehand, no savepoints, nobody to wake. What no store can reach."""
        connection, call = await open_connection(parse_address(url)), Caller().call
        plan = [[(call(sql, *values), expects) for sql, values, expects in write] for write in plan_of(writes)]
        begin, commit = call("BEGIN"), call("COMMIT")
        watch = Stopwatch()
        for start in range(0, len(plan), size):
            batch = [one for statements in plan[start : start + size] for one in statements]
            _, *results = connection.check(await connection.run([begin, *(call for call, _ in batch)]))
            for result, (_, expects) in zip(results, batch, strict=True):
                if expects is not None and result.command_tuples != expects:
                    raise AssertionError("a write missed")
            connection.check(await connection.run([commit]))
        cost = watch.read(len(plan))
        connection.drop()
        return cost

    def write_by_triopg(self, url: str, writes: list[list[Write]], size: int) -> float:
        """Seconds a write."""
        with tempfile.TemporaryDirectory() as folder:
            venv.create(f"{folder}/venv", with_pip=True)
            python = f"{folder}/venv/bin/python"
            subprocess.run([python, "-m", "pip", "install", "--quiet", *TRIOPG], check=True, capture_output=True)  # noqa: S603 - our own interpreter
            plan = Path(folder) / "plan.json"
            plan.write_text(json.dumps({"url": url, "size": size, "plan": plan_of(writes)}))
            said = subprocess.run([python, LOOP_OF_TRIOPG, plan], check=True, capture_output=True, text=True).stdout  # noqa: S603 - the same
        return float(said)


def plan_of(writes: list[list[Write]]) -> list[list[tuple[str, tuple, int | None]]]:
    return [
        [(statement.sql, statement.parameters, statement.expects) for statement in write.statements]
        for turn in zip(*writes, strict=True)
        for write in turn
    ]
