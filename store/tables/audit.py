"""Who changed what by hand, and why. Rows are only ever added."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from store.write import statement

if TYPE_CHECKING:
    from store.database import Reader
    from store.write import Write

_COLUMNS = "id, at, who, verb, subject, reason"
_INSERT = f"INSERT INTO audit ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)"  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act of an operator. `id` is made by the caller."""

    id: str
    at: int
    who: str
    verb: str
    subject: str
    reason: str


class Audit:
    """The audit trail."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def add(self, row: AuditRow) -> Write:
        """Joined to the write it tells of."""
        return statement(_INSERT, *astuple(row), expects=1)
