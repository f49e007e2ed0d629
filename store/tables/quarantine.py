"""Children the supervisor gave up for a while, with the fingerprint of what they died of."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from store.write import statement

if TYPE_CHECKING:
    from store.database import Reader
    from store.write import Write

_COLUMNS = "child, fingerprint, error, failures, since_at, next_probe_at"
_PUT = f"""
    INSERT INTO quarantine ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (child) DO UPDATE SET fingerprint = excluded.fingerprint, error = excluded.error,
        failures = excluded.failures, next_probe_at = excluded.next_probe_at
"""  # noqa: S608 - constants only
_RELEASE = "DELETE FROM quarantine WHERE child = $1"
_SELECT = f"SELECT {_COLUMNS} FROM quarantine WHERE child = $1"  # noqa: S608 - constants only
_SELECT_ALL = f"SELECT {_COLUMNS} FROM quarantine ORDER BY since_at, child"  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """One child that is left alone until its next probe."""

    child: str
    fingerprint: str
    error: str
    failures: int
    since_at: int
    next_probe_at: int


class Quarantine:
    """Quarantined children by name."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def put(self, row: QuarantineRow) -> Write:
        """In, or still in: then `since_at` stays."""
        return statement(_PUT, *astuple(row), expects=1)

    def release(self, child: str) -> Write:
        """Out; nothing happens if it is."""
        return statement(_RELEASE, child)

    async def get(self, child: str) -> QuarantineRow | None:
        """One child."""
        row = await self._reader.fetch_one(_SELECT, child)
        return None if row is None else QuarantineRow(*row)

    async def all(self) -> list[QuarantineRow]:
        """Everybody inside, the longest first."""
        return [QuarantineRow(*row) for row in await self._reader.fetch_all(_SELECT_ALL)]
