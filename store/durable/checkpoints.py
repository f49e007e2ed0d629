"""Last saved state of a task, with a version check: of two tasks that believe they are the same, one finds out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from store.durable.opaque import Json, from_text, to_text
from store.write import statement

if TYPE_CHECKING:
    from store.database import Reader
    from store.ids import TaskKey
    from store.write import Write

_INSERT = "INSERT INTO checkpoints (task, version, state, saved_at) VALUES ($1, 1, $2, $3)"
_UPDATE = "UPDATE checkpoints SET version = version + 1, state = $2, saved_at = $3 WHERE task = $1 AND version = $4"
_DELETE = "DELETE FROM checkpoints WHERE task = $1"
_SELECT = "SELECT version, state, saved_at FROM checkpoints WHERE task = $1"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a task left for its next life."""

    version: int
    state: Json
    saved_at: int


class Checkpoints:
    """Checkpoints by task key."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def save(self, task: TaskKey | str, state: Json, *, version: int, now: int) -> Write:
        """Replaces the checkpoint of this `version` (0: there is none yet); afterwards it is `version + 1`.

        `Conflict` when the store has another version.
        """
        unless = f"checkpoint {task} is not at version {version} any more"
        if version == 0:
            return statement(_INSERT, task, to_text(state), now, expects=1, unless=unless)
        return statement(_UPDATE, task, to_text(state), now, version, expects=1, unless=unless)

    def delete(self, task: TaskKey | str) -> Write:
        """Forgets a task."""
        return statement(_DELETE, task)

    async def load(self, task: TaskKey | str) -> Checkpoint | None:
        """The last checkpoint."""
        row = await self._reader.fetch_one(_SELECT, task)
        return None if row is None else Checkpoint(row[0], from_text(row[1]), row[2])
