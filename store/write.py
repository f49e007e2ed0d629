"""Write: what a task wants written, as a value.

A write is a few statements with their parameters and the number of rows each must touch. No code runs between the
statements, so the same value goes to SQLite's writer thread and down PostgreSQL's pipeline, and no lock waits for a
task. Tables and durable tools build writes; callers join them with `+` and hand them to `Database.write`.

    await store.write(store.hunts.set_wish(user, "running", ...) + outbox.say(...) + inbox.finish(update))

A missed expectation undoes this write alone and raises the statement's `otherwise` in the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from store.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from store.errors import StoreError

SqlValue = str | int | float | None
"""What both databases keep without conversion. JSON and sealed bytes travel as text."""


class Statement(NamedTuple):
    """One SQL statement with `$1` placeholders, each used in any order and as often as needed.

    A tuple because an update makes four: a frozen dataclass of five fields takes three times as long to make.
    """

    sql: str
    parameters: tuple[SqlValue, ...] = ()
    expects: int | None = None
    """Rows it must touch; None: any number."""
    otherwise: type[StoreError] = Conflict
    """Raised in the caller when `expects` is missed."""
    unless: str = ""
    """Message of that error: what was expected, in words."""


@dataclass(frozen=True, slots=True)
class Write:
    """Statements that happen together or not at all, and the topics woken once they are on disk."""

    statements: tuple[Statement, ...] = ()
    topics: tuple[str, ...] = ()

    def __add__(self, other: Write) -> Write:
        if not other:
            return self
        if not self:
            return other
        return Write(self.statements + other.statements, self.topics + other.topics)

    def __bool__(self) -> bool:
        return bool(self.statements or self.topics)


NOTHING = Write()


def statement(
    sql: str,
    *parameters: SqlValue,
    expects: int | None = None,
    otherwise: type[StoreError] = Conflict,
    unless: str = "",
) -> Write:
    """A write of a single statement."""
    return Write((Statement(sql, parameters, expects, otherwise, unless),))


def wake(topic: str) -> Write:
    """Wakes those who listen to `topic` when the write it is joined to is on disk."""
    return Write((), (topic,))


def join(writes: Iterable[Write]) -> Write:
    """All of these in one write, in order."""
    statements: list[Statement] = []
    topics: list[str] = []
    for write in writes:
        statements.extend(write.statements)
        topics.extend(write.topics)
    return Write(tuple(statements), tuple(topics))
