"""Database protocol: the seam between the product's SQL and the two backends.

Backends differ only behind this protocol. Placeholders are `$1`, types are TEXT and BIGINT, times are Unix
milliseconds handed in by the caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import os
    from contextlib import AbstractAsyncContextManager

    from store.write import SqlValue, Write

Row = tuple[Any, ...]
"""One row as the driver gives it; the table that asked turns it into its row type."""


class Reader(Protocol):
    """Whoever answers a SELECT."""

    async def fetch_one(self, sql: str, *parameters: SqlValue) -> Row | None:
        """The first row or None. Raises `StoreUnavailable`."""

    async def fetch_all(self, sql: str, *parameters: SqlValue) -> list[Row]:
        """All rows. Raises `StoreUnavailable`."""


class Transaction(Reader, Protocol):
    """An interactive transaction, for the rare case that can't be written as a value."""

    async def execute(self, sql: str, *parameters: SqlValue) -> int:
        """Rows touched."""

    async def lock_schema(self) -> None:
        """Until the end of this transaction nobody else changes the schema."""


class Wakeups(Protocol):
    """Wakes its holder after a topic was announced. A hint, never a message: several may be folded into one."""

    async def wait(self, timeout_seconds: float = ...) -> bool:
        """True when woken, False when the time ran out first. Announcements since the last `wait` count."""

    def take_hints(self) -> list[str]:
        """What followed the `#` of the topics announced since the last call, in their order; "": look everywhere."""


class Database(Reader, Protocol):
    """A durable store of rows."""

    async def write(self, write: Write) -> None:
        """Returns once the write is on disk.

        A caller cancelled while waiting does not undo its write. Raises the missed statement's `otherwise`
        (`Conflict`, `LeaseLost`, `CapReached`) or `StoreUnavailable`; then nothing of this write happened, except that
        after `StoreUnavailable` during a commit the outcome is unknown.
        """

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Commits at the end of the block, rolls back when it raises. Holds up all writers: keep it short."""

    def listen(self, topic: str) -> AbstractAsyncContextManager[Wakeups]:
        """Wakeups for writes that carry this topic, from any process on this database."""


class BackedUpDatabase(Database, Protocol):
    """A database that can copy itself. PostgreSQL's operators have their own tools for that."""

    async def backup(self, path: str | os.PathLike[str]) -> None:
        """A consistent copy at `path`, complete or absent. Raises `StoreUnavailable`."""
