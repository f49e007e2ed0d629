"""A person's resume as the hunt uses it: fetched from a board or pasted, sealed by the vault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from store.tables.hunts import ring
from store.write import statement

if TYPE_CHECKING:
    from store.database import Reader
    from store.ids import UserId
    from store.write import Write

_COLUMNS = "user_id, source, resume_id, title, sealed_resume, version, updated_at"
_SAVE = f"""
    INSERT INTO profiles ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, 1, $6)
    ON CONFLICT (user_id) DO UPDATE SET source = excluded.source, resume_id = excluded.resume_id,
        title = excluded.title, sealed_resume = excluded.sealed_resume, version = profiles.version + 1,
        updated_at = excluded.updated_at
"""  # noqa: S608 - constants only
_DELETE = "DELETE FROM profiles WHERE user_id = $1"
_SELECT = f"SELECT {_COLUMNS} FROM profiles WHERE user_id = $1"  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """One resume. `source`: the board's name, or `pasted`; `version` goes up with every save."""

    user_id: UserId
    source: str
    resume_id: str | None
    title: str
    sealed_resume: str
    version: int
    updated_at: int


class Profiles:
    """Profiles by person."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def save(
        self, user_id: UserId, *, source: str, resume_id: str | None, title: str, sealed_resume: str, now: int
    ) -> Write:
        """The resume to use from now on."""
        save = statement(_SAVE, user_id, source, resume_id, title, sealed_resume, now, expects=1)
        return save + ring(user_id)

    def delete(self, user_id: UserId) -> Write:
        """Forgets a person's resume."""
        return statement(_DELETE, user_id)

    async def get(self, user_id: UserId) -> ProfileRow | None:
        """One person's resume."""
        row = await self._reader.fetch_one(_SELECT, user_id)
        return None if row is None else ProfileRow(*row)
