"""One day on a failing disk: open, work, close, open again, work, back up; whatever fails is told and tried again.

The author of a write does what the daemon's tasks do: after `StoreUnavailable` it looks whether the write is there,
and hands it in again if not. Between the error and the next try the file is copied as a crash would leave it, and the
copy is read by nothing but SQLite.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

import trio

from store.errors import StoreError, StoreUnavailable
from store.factory import open_store
from tests.crash.disk_story import MARK, Shadow, day_of, tables_of
from tests.crash.faulty_disk import the_disk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from store.store import Store
    from store.write import Write
    from tests.crash.faulty_disk import DiskFaultKind, Strike

STEPS = 24
TRIES_WHILE_ILL = 2
TRIES_WHEN_WELL = 1
"""Once the disk is well, the very next try must do."""
PATIENCE_SECONDS = 120.0


class Trial:
    """One fault of one disk."""

    def __init__(self, folder: Path, kind: DiskFaultKind | None, at: int, *, inline: bool) -> None:
        self._path = folder / "aurora.db"
        self._copies = folder / "copies"
        self._kind = kind
        self._inline = inline
        self._disk = the_disk()
        self._shadow = Shadow()
        self._doubtful: list[Write] = []
        self._refusals = 0
        self.strike: Strike | None = self._disk.arm(kind, at) if kind is not None else None
        self.violations: list[str] = []

    async def play(self) -> None:
        """The day, then a last look at the file. What goes wrong is in `violations`."""
        try:
            with trio.fail_after(PATIENCE_SECONDS):
                await self._play()
        except Exception as error:  # noqa: BLE001 - whatever comes out is this trial's finding
            self._blame(f"{type(error).__name__} came out: {error}")
        finally:
            self._shadow.close()

    async def _play(self) -> None:
        steps = 0
        for part in range(2):
            async with self._open() as store:
                day = list(day_of(store, STEPS))
                for work in day[steps : (part + 1) * STEPS // 2]:
                    await self._hand_in(store, work)
                steps = (part + 1) * STEPS // 2
                await self._look(store)
                self._examine(self._cut_power(), "after a power cut")
                if part:
                    await self._back_up(store)
        self._disk.heal()
        self._examine(self._path, "at the end")
        if self._doubtful:
            self._blame(f"{len(self._doubtful)} writes were never done")

    def _blame(self, what: str) -> None:
        struck = self.strike.struck[:1] if self.strike else []
        self.violations.append(f"{what} (struck: {struck})")

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Store]:
        """Opens as the daemon does: when it can't, it says why and is started again."""
        while True:
            opening = open_store(f"sqlite:///{self._path}", inline=self._inline)
            try:
                store = await opening.__aenter__()
            except StoreError as error:
                self._note_refusal(error)
                continue
            break
        try:
            yield store
        finally:
            await opening.__aexit__(None, None, None)

    def _note_refusal(self, error: StoreError) -> None:
        """Only one kind of error is right, it names the mend, and it ends soon after the disk is well."""
        self._refusals += 1
        if type(error) is not StoreUnavailable:
            self._blame(f"{type(error).__name__} instead of StoreUnavailable: {error}")
        if self.strike is None or not self.strike.struck:
            self._blame(f"refused before anything had failed: {error}")
        if "disk" not in str(error):
            self._blame(f"does not name the disk: {error}")
        if self._refusals == TRIES_WHILE_ILL:
            self._disk.heal()
        if self._refusals > TRIES_WHILE_ILL + TRIES_WHEN_WELL:
            raise AssertionError(f"still refused on a disk that is well: {error}")

    async def _hand_in(self, store: Store, work: Sequence[Write]) -> None:
        """All at once, each until it is done."""
        async with trio.open_nursery() as nursery:
            for write in work:
                nursery.start_soon(self._write, store, write)
        while self._doubtful:
            self._examine(self._crash(), "after a crash")
            self._examine(self._cut_power(), "after a power cut")
            for write in tuple(self._doubtful):
                await self._try_again(store, write)

    async def _write(self, store: Store, write: Write) -> None:
        try:
            await store.write(write)
        except StoreUnavailable as error:
            self._doubtful.append(write)
            if len(self._doubtful) == 1:  # one batch, one error, told to each of its authors
                self._note_refusal(error)
        else:
            self._shadow.do(write)

    async def _try_again(self, store: Store, write: Write) -> None:
        try:
            if not await self._is_done(store, write):
                await store.write(write)
        except StoreUnavailable as error:
            self._note_refusal(error)
            return
        self._doubtful.remove(write)
        self._shadow.do(write)

    async def _is_done(self, store: Store, write: Write) -> bool:
        return await store.cursors.get(str(write.statements[-1].parameters[0])) is not None

    async def _look(self, store: Store) -> None:
        """What the store's own tools read is what was written, on a full disk too."""
        while True:
            try:
                found = await store.fetch_all("SELECT * FROM effects")
                marks = await store.fetch_all(f"SELECT * FROM cursors WHERE stream LIKE '{MARK}:%'")  # noqa: S608 - ours
            except StoreUnavailable as error:
                if self._kind is not None and not self._kind.startswith("error"):
                    self._blame(f"a read was refused on a full disk: {error}")
                self._note_refusal(error)
                continue
            break
        expected = self._shadow.tables()
        if sorted(found, key=repr) != expected["effects"] or not set(marks) <= set(expected["cursors"]):
            self._blame("a read gave something else than was written")

    async def _back_up(self, store: Store) -> None:
        """Complete under its name or not there at all."""
        target = self._path.with_name("backup.db")
        while True:
            try:
                await store.backup(target)
            except StoreUnavailable as error:
                if target.exists():
                    self._blame("a backup that failed is there")
                self._note_refusal(error)
                continue
            break
        self._examine(target, "in the backup")

    def _crash(self) -> Path:
        """The file and its log as they are now, copied."""
        shutil.rmtree(self._copies, ignore_errors=True)
        self._copies.mkdir()
        for path in (self._path, self._path.with_name("aurora.db-wal")):
            if path.exists():
                shutil.copy(path, self._copies)
        return self._copies / self._path.name

    def _cut_power(self) -> Path:
        """The file and its log with nothing in them that was not synced."""
        shutil.rmtree(self._copies, ignore_errors=True)
        self._copies.mkdir()
        for path in (self._path, self._path.with_name("aurora.db-wal")):
            if str(path) in self._disk.durable:
                (self._copies / path.name).write_bytes(self._disk.durable[str(path)])
        return self._copies / self._path.name

    def _examine(self, path: Path, when: str) -> None:
        with closing(sqlite3.connect(f"file:{path}?vfs=unix", uri=True, isolation_level=None)) as connection:
            answer = connection.execute("PRAGMA integrity_check").fetchone()[0]
            if answer != "ok":
                self._blame(f"{when} the file is damaged: {answer}")
                return
            wrong = self._shadow.difference(tables_of(connection), self._doubtful)
        if wrong is not None:
            self._blame(f"{when}: {wrong}")
