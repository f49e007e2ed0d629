"""Store: one attribute per table and per durable tool. The only thing of this package that rooms of the daemon hold."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import trio

from store.durable.checkpoints import Checkpoints
from store.durable.cursors import Cursors
from store.durable.effects import Effects
from store.durable.journals import Journals
from store.durable.leases import Leases
from store.durable.members import Members
from store.durable.queues import Queues
from store.durable.timers import Timers
from store.errors import StoreError, StoreUnavailable
from store.tables.audit import Audit
from store.tables.board_accounts import BoardAccounts
from store.tables.cards import Cards
from store.tables.consents import Consents
from store.tables.data_keys import DataKeys
from store.tables.hunts import Hunts
from store.tables.oauth_states import OauthStates
from store.tables.profiles import Profiles
from store.tables.quarantine import Quarantine
from store.tables.usage import Usage
from store.tables.users import Users
from store.tables.vacancies import Vacancies
from store.write import statement

if TYPE_CHECKING:
    import os
    from collections.abc import Coroutine
    from contextlib import AbstractAsyncContextManager

    from store.database import BackedUpDatabase, Row, Transaction, Wakeups
    from store.write import SqlValue, Write

_PROBE = statement("UPDATE writable_probe SET count = count + 1", expects=1, otherwise=StoreUnavailable)
"""Counts, because SQLite writes nothing where a row does not change."""
_PROBE_SECONDS = 5.0


class Store:
    """Mutators of its tables and tools return a `Write`; hand it to `write`, joined with others by `+`."""

    def __init__(self, database: BackedUpDatabase, *, is_shared: bool = False) -> None:
        self._database = database
        self._is_shared = is_shared
        self.leases = Leases(database)
        self.members = Members(database)
        self.checkpoints = Checkpoints(database)
        self.queues = Queues(database)
        self.effects = Effects(database)
        self.journals = Journals(database)
        self.timers = Timers(database)
        self.cursors = Cursors(database)
        self.users = Users(database)
        self.consents = Consents(database)
        self.data_keys = DataKeys(database)
        self.profiles = Profiles(database)
        self.board_accounts = BoardAccounts(database)
        self.oauth_states = OauthStates(database)
        self.hunts = Hunts(database)
        self.vacancies = Vacancies(database)
        self.quarantine = Quarantine(database)
        self.cards = Cards(database)
        self.audit = Audit(database)
        self.usage = Usage(database)

    @property
    def is_shared(self) -> bool:
        """Several processes may use it at once, so who acts for whom is settled by leases."""
        return self._is_shared

    def write(self, write: Write) -> Coroutine[Any, Any, None]:
        """Returns, when awaited, once the write is on disk; see `Database.write`."""
        return self._database.write(write)

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """An interactive transaction; see `Database.transaction`."""
        return self._database.transaction()

    def listen(self, topic: str) -> AbstractAsyncContextManager[Wakeups]:
        """Wakeups for a topic; see `Database.listen`."""
        return self._database.listen(topic)

    async def fetch_one(self, sql: str, *parameters: SqlValue) -> Row | None:
        """The first row or None."""
        return await self._database.fetch_one(sql, *parameters)

    async def fetch_all(self, sql: str, *parameters: SqlValue) -> list[Row]:
        """All rows."""
        return await self._database.fetch_all(sql, *parameters)

    async def check_writable(self) -> None:
        """Puts a byte on the disk, for `/readyz`. Raises `StoreUnavailable` or `StoreCorrupt`."""
        try:
            with trio.fail_after(_PROBE_SECONDS):
                await self._database.write(_PROBE)
        except trio.TooSlowError:
            raise StoreUnavailable(
                f"the store did not answer within {_PROBE_SECONDS:.0f} s: look at the disk"
            ) from None

    async def prove_writing(self) -> None:
        """Returns once the writer has answered a write, well or not, however long that takes: for the watchdog."""
        with suppress(StoreError):
            await self._database.write(_PROBE)

    async def backup(self, path: str | os.PathLike[str]) -> None:
        """A consistent copy at `path` while everything runs. Raises `StoreUnavailable`."""
        await self._database.backup(path)
