"""Journals of dialogs: the state of each and the answers it has had, for replay after a restart.

A journal has a version; every step names the version it knows, so that of two engines on one dialog one gets
`Conflict`. Entries are numbered by the caller; a number is taken once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from store.durable.opaque import Json, from_text, to_text
from store.write import statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from store.database import Reader, Row
    from store.ids import ChatId
    from store.write import Write

_COLUMNS = "name, lane, script, fingerprint, version, passed, state, said, question, opened_at, touched_at"
_OPEN = f"INSERT INTO journals ({_COLUMNS}) VALUES ($1, $2, $3, $4, 1, '[]', '{{}}', 0, NULL, $5, $5)"  # noqa: S608 - constants only
_TOUCH = """
    UPDATE journals SET version = version + 1, said = $3, question = $4, touched_at = $5
    WHERE name = $1 AND version = $2
"""
_TRIM = """
    UPDATE journals SET version = version + 1, fingerprint = $3, passed = $4, state = $5, said = 0, touched_at = $6
    WHERE name = $1 AND version = $2
"""
_REFIT = "UPDATE journals SET fingerprint = $3 WHERE name = $1 AND version = $2"
_DELETE = "DELETE FROM journals WHERE name = $1"
_DELETE_ENTRIES = "DELETE FROM journal_entries WHERE journal = $1"
_DELETE_LANE_ENTRIES = "DELETE FROM journal_entries WHERE journal IN (SELECT name FROM journals WHERE lane = $1)"
_DELETE_LANE = "DELETE FROM journals WHERE lane = $1"
_APPEND = "INSERT INTO journal_entries (journal, position, kind, name, value) VALUES ($1, $2, $3, $4, $5)"
_SELECT = f"SELECT {_COLUMNS} FROM journals WHERE name = $1"  # noqa: S608 - constants only
_SELECT_ALL = f"SELECT {_COLUMNS} FROM journals WHERE name > $1 ORDER BY name LIMIT $2"  # noqa: S608 - constants only
_SELECT_ASKING = f"SELECT {_COLUMNS} FROM journals WHERE substr(question, 1, length($1)) = $1 ORDER BY name"  # noqa: S608 - constants only
_SELECT_ENTRIES = """
    SELECT journal, position, kind, name, value FROM journal_entries WHERE journal = $1 ORDER BY position
"""


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One open dialog. `passed` and `state`: checkpoints behind it; `said`: messages since the last one."""

    name: str
    lane: ChatId
    script: str
    fingerprint: str
    version: int
    passed: tuple[str, ...]
    state: Mapping[str, Json]
    said: int
    question: Json
    opened_at: int
    touched_at: int


@dataclass(frozen=True, slots=True)
class JournalEntryRow:
    """One answer or outside result."""

    journal: str
    position: int
    kind: str
    name: str
    value: Json


class Journals:
    """Journals by name."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def open(self, name: str, lane: ChatId | int, script: str, fingerprint: str, *, now: int) -> Write:
        """A new journal at version 1. `Conflict` when the name is taken."""
        return statement(_OPEN, name, lane, script, fingerprint, now, expects=1)

    def append(self, name: str, position: int, kind: str, entry_name: str, value: Json) -> Write:
        """One more entry. `Conflict` when the position is taken."""
        return statement(_APPEND, name, position, kind, entry_name, to_text(value), expects=1)

    def touch(self, name: str, *, version: int, said: int, question: Json, now: int) -> Write:
        """How far the dialog is: messages said, the open question (None: none). `version` is the one known."""
        text = None if question is None else to_text(question)
        return statement(_TOUCH, name, version, said, text, now, expects=1, unless=f"journal {name} moved on")

    def trim(
        self, name: str, *, version: int, fingerprint: str, passed: Sequence[str], state: Mapping[str, Json], now: int
    ) -> Write:
        """A named point is reached: its values are kept, the entries before it are dropped."""
        parameters = (name, version, fingerprint, to_text(list(passed)), to_text(dict(state)), now)
        return statement(_TRIM, *parameters, expects=1, unless=f"journal {name} moved on") + statement(
            _DELETE_ENTRIES, name
        )

    def refit(self, name: str, *, version: int, fingerprint: str) -> Write:
        """The dialog goes on with a script of this fingerprint; its version stays. `Conflict` when it moved on."""
        return statement(_REFIT, name, version, fingerprint, expects=1, unless=f"journal {name} moved on")

    def close(self, name: str) -> Write:
        """The dialog is over; nothing happens if it is already."""
        return statement(_DELETE_ENTRIES, name) + statement(_DELETE, name)

    def close_lane(self, lane: ChatId | int) -> Write:
        """All dialogs of a chat are over."""
        return statement(_DELETE_LANE_ENTRIES, lane) + statement(_DELETE_LANE, lane)

    async def get(self, name: str) -> JournalRow | None:
        """One journal."""
        row = await self._reader.fetch_one(_SELECT, name)
        return None if row is None else _to_row(row)

    async def page(self, after: str, limit: int) -> list[JournalRow]:
        """Open dialogs by name, following `after`."""
        return [_to_row(row) for row in await self._reader.fetch_all(_SELECT_ALL, after, limit)]

    async def with_question(self, beginning: Json) -> list[JournalRow]:
        """Open dialogs whose question is a JSON object that begins with these fields, in this order."""
        text = to_text(beginning).removesuffix("}")
        return [_to_row(row) for row in await self._reader.fetch_all(_SELECT_ASKING, text)]

    async def entries(self, name: str) -> list[JournalEntryRow]:
        """Entries in order."""
        rows = await self._reader.fetch_all(_SELECT_ENTRIES, name)
        return [
            JournalEntryRow(journal, position, kind, entry_name, from_text(value))
            for journal, position, kind, entry_name, value in rows
        ]


def _to_row(row: Row) -> JournalRow:
    name, lane, script, fingerprint, version, passed, state, said, question, opened_at, touched_at = row
    return JournalRow(
        name=name,
        lane=lane,
        script=script,
        fingerprint=fingerprint,
        version=version,
        passed=tuple(from_text(passed)),
        state=from_text(state),
        said=said,
        question=None if question is None else from_text(question),
        opened_at=opened_at,
        touched_at=touched_at,
    )
