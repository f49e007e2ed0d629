"""What is written to a disk that fails: the writes of a daemon's day, and a shadow that knows how each must look.

The shadow is SQL in memory, in a few lines of its own: every write that was acknowledged is done there too. Then the
store's file must hold exactly what the shadow holds, table by table; a write whose acknowledgement never came may be
there or not, but whole.
"""

from __future__ import annotations

import sqlite3
from itertools import chain, combinations
from typing import TYPE_CHECKING

from store.durable.effects import Cap
from store.migrate import load_migrations, split_statements
from store.write import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from store.store import Store
    from store.write import Write

Tables = dict[str, list[tuple[object, ...]]]
SKIPPED = frozenset({"schema_migrations", "writable_probe"})
"""Written by the store itself."""
MARK = "step"
PEOPLE = 7
LETTER = "Здравствуйте! " * 60
BACKLOG_EVERY = 20
BACKLOG = 150


def marked(write: Write, store: Store, name: str) -> Write:
    """The write leaves a mark by which its author sees later whether it happened."""
    return write + store.cursors.move(f"{MARK}:{name}", 1, now=1)


def day_of(store: Store, steps: int) -> Iterator[list[Write]]:
    """Each item is what several tasks hand in at the same moment."""
    for number in range(steps):
        user, now = 100 + number % PEOPLE, 1000 * number
        work = [
            receive(store, number, user, now),
            apply(store, number, user, now) + (backlog(store, number, now) if number % BACKLOG_EVERY == 3 else NOTHING),
        ]
        if number % 3 == 1:
            work.append(answer(store, number - 1, 100 + (number - 1) % PEOPLE, now))
            work.append(settle(store, number - 1, now))
        if number % 5 == 4:
            work.append(store.queues.trim(now - 9000))
        yield [marked(write, store, f"{number}.{part}") for part, write in enumerate(work)]


def receive(store: Store, number: int, user: int, now: int) -> Write:
    """An update comes in: inbox and offset."""
    payload = {"text": f"/status {number}", "from": user}
    return store.queues.put("inbox", str(number), user, payload, now=now) + store.cursors.move(
        "telegram", number + 1, now=now
    )


def answer(store: Store, number: int, user: int, now: int) -> Write:
    """It is answered: out of the inbox, an answer into the outbox, a timer set, the task's state kept."""
    return (
        store.queues.finish("inbox", str(number), now=now)
        + store.queues.put("outbox", f"answer:{number}", user, {"text": LETTER}, now=now)
        + store.timers.set(f"remind:{user}", "remind", user, now + 5000, {"after": number})
        + store.checkpoints.save(f"task:{number}", {"at": number}, version=0, now=now)
    )


def apply(store: Store, number: int, user: int, now: int) -> Write:
    """An application is planned and begun."""
    key = f"{user}:hh:{number}"
    plan = store.effects.plan("apply", key, user, {"letter": LETTER}, now=now, cap=Cap(1_000_000, 0))
    return plan + store.effects.begin("apply", key, attempt=1, epoch=1, boot_id="boot", now=now)


def settle(store: Store, number: int, now: int) -> Write:
    """The board has answered."""
    key = f"{100 + number % PEOPLE}:hh:{number}"
    if number % 2:
        return store.effects.doubt("apply", key, reason="timeout", now=now)
    return store.effects.confirm("apply", key, external_id=f"n{number}", now=now)


def backlog(store: Store, number: int, now: int) -> Write:
    """A night's updates at once: enough pages that SQLite moves its log into the file in the middle of the day."""
    write = NOTHING
    for late in range(BACKLOG):
        write += store.queues.put("late", f"{number}:{late}", late % PEOPLE, {"text": LETTER}, now=now)
    return write


class Shadow:
    """What the file must hold."""

    def __init__(self) -> None:
        self._memory = sqlite3.connect(":memory:", isolation_level=None)
        for migration in load_migrations():
            for statement in split_statements(migration.sql):
                self._memory.execute(statement)

    def close(self) -> None:
        self._memory.close()

    def do(self, write: Write) -> None:
        """The whole of it; a statement that touches other rows than it expects to is this story's own mistake."""
        self._memory.execute("BEGIN")
        for statement in write.statements:
            done = self._memory.execute(statement.sql.replace("$", "?"), statement.parameters)
            assert statement.expects in {None, max(done.rowcount, len(done.fetchall()))}, statement.sql
        self._memory.execute("COMMIT")

    def tables(self) -> Tables:
        return tables_of(self._memory)

    def difference(self, found: Tables, doubtful: Sequence[Write]) -> str | None:
        """What is wrong with what was found; None when it is the shadow with some of the doubtful writes, each whole."""
        first = ""
        chosen = chain.from_iterable(combinations(doubtful, size) for size in range(len(doubtful) + 1))
        for some in chosen:
            self._memory.execute("SAVEPOINT doubt")
            for write in some:
                for statement in write.statements:
                    self._memory.execute(statement.sql.replace("$", "?"), statement.parameters)
            expected = self.tables()
            self._memory.execute("ROLLBACK TO doubt")
            self._memory.execute("RELEASE doubt")
            wrong = [name for name in expected if expected[name] != found.get(name)]
            if not wrong:
                return None
            first = first or _tell(wrong[0], expected[wrong[0]], found.get(wrong[0]))
        return first


def _tell(table: str, expected: list[tuple[object, ...]], found: list[tuple[object, ...]] | None) -> str:
    if found is None:
        return f"table {table} is missing"
    missing = [row for row in expected if row not in found][:2]
    foreign = [row for row in found if row not in expected][:2]
    return f"{table}: missing {str(missing)[:160]}, foreign {str(foreign)[:160]}"


def tables_of(connection: sqlite3.Connection) -> Tables:
    """Every row of every table of the product."""
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
    return {
        name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)  # noqa: S608 - our own tables
        for name in names
        if name not in SKIPPED
    }
