"""DialogJournal: a dialog's rows, as values: what was loaded, and the write that records what came since.

One write holds everything of a commit: the answers consumed, the messages said, the next question with its message,
its timer, and whatever the caller joins (the finished update). The row's version guards it: a dialog that somebody
else has moved on gives `Conflict`, and nothing of the commit happens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from daemon.dialogs.question import decode_waiting, encode_waiting
from daemon.dialogs.running import Entry, Place
from store.ids import UserId
from store.write import NOTHING, join

if TYPE_CHECKING:
    from daemon.dialogs.question import Waiting
    from daemon.dialogs.running import Draft
    from store.durable.journals import JournalRow
    from store.ids import ChatId
    from store.store import Store
    from store.write import Write


TIMER_DUE = "timer_due"
TIMER_KIND = "dialog"

_COLUMN = "journal_entries.value"


def journal_name(chat_id: int) -> str:
    """Name of a chat's open dialog: there is one at most."""
    return f"dialog:{chat_id}"


@dataclass(slots=True)
class Record:
    """What is on disk about an open dialog."""

    chat_id: ChatId
    user_id: UserId
    script: str
    fingerprint: str
    opened_at: int
    touched_at: int = 0
    version: int = 0
    place: Place = field(default_factory=lambda: Place([], {}, 0))
    waiting: Waiting | None = None
    position: int = 0
    """Of the next entry."""
    is_new: bool = False
    saving: tuple[int, int] = (0, 0)
    """Version and position once the write under way is on disk."""

    @property
    def name(self) -> str:
        """Name of its journal."""
        return journal_name(self.chat_id)

    def advance(self, waiting: Waiting) -> None:
        """What `save` made is on disk."""
        self.version, self.position = self.saving
        self.waiting = waiting
        self.is_new = False


class Sealer(Protocol):
    """The vault: what a person typed is at rest only under their own key."""

    async def seal(self, user_id: UserId, column: str, text: str) -> str:
        """The sealed text."""

    async def open(self, user_id: UserId, column: str, sealed: str) -> str:
        """The text."""


class DialogJournal:
    """Loads records and makes the writes that save them."""

    def __init__(self, store: Store, sealer: Sealer | None = None) -> None:
        self._store = store
        self._sealer = sealer

    async def load(self, chat_id: ChatId) -> Record | None:
        """The chat's open dialog."""
        row = await self._store.journals.get(journal_name(chat_id))
        return None if row is None else _record_of(row)

    async def page(self, after: str, limit: int) -> list[Record]:
        """Open dialogs by name, following `after`."""
        return [_record_of(row) for row in await self._store.journals.page(after, limit)]

    def note_fit(self, record: Record) -> Write:
        """The dialog goes on with today's script. `Conflict` when it has moved meanwhile."""
        return self._store.journals.refit(record.name, version=record.version, fingerprint=record.fingerprint)

    async def load_working(self) -> list[Record]:
        """Dialogs that wait for outside work: nobody's message would wake them after a restart."""
        return [_record_of(row) for row in await self._store.journals.with_question({"kind": "do"})]

    async def load_entries(self, record: Record) -> list[Entry]:
        """Everything journaled since the last checkpoint, in order."""
        rows = await self._store.journals.entries(record.name)
        record.position = rows[-1].position + 1 if rows else 0
        return [Entry(row.kind, row.name, await self._open(record.user_id, row.value)) for row in rows]

    async def seal(self, user_id: UserId, entry: Entry) -> Entry:
        """The entry as it is kept: typed text (a resume, an address with a code in it) only sealed."""
        if self._sealer is None or not isinstance(entry.value, dict) or "text" not in entry.value:
            return entry
        sealed = await self._sealer.seal(user_id, _COLUMN, entry.value["text"])
        return Entry(entry.kind, entry.name, {"sealed": sealed})

    async def _open(self, user_id: UserId, value: Any) -> Any:
        if self._sealer is None or not isinstance(value, dict) or "sealed" not in value:
            return value
        return {"text": await self._sealer.open(user_id, _COLUMN, value["sealed"])}

    def save(self, record: Record, draft: Draft, waiting: Waiting, now: int) -> Write:
        """Everything since the last commit, expecting the version that was loaded."""
        journals, name, version = self._store.journals, record.name, record.version
        parts: list[Write] = []
        if record.is_new:
            parts.append(journals.open(name, record.chat_id, record.script, record.fingerprint, now=now))
            version = 1
        position = record.position
        if draft.is_trimmed or (record.is_new and record.place.state):
            place = record.place
            parts.append(
                journals.trim(
                    name,
                    version=version,
                    fingerprint=record.fingerprint,
                    passed=place.passed,
                    state=place.state,
                    now=now,
                )
            )
            version += 1
            position = 0
        parts.extend(
            journals.append(name, position + offset, entry.kind, entry.name, entry.value)
            for offset, entry in enumerate(draft.entries)
        )
        question = encode_waiting(waiting)
        parts.append(journals.touch(name, version=version, said=record.place.said, question=question, now=now))
        record.saving = (version + 1, position + len(draft.entries))
        return join([*parts, *draft.writes])

    def close(self, chat_id: ChatId) -> Write:
        """The dialog is over; nothing happens where there is none."""
        return self._store.journals.close(journal_name(chat_id))

    def cancel_timer(self, waiting: Waiting | None) -> Write:
        """Takes back the timer of what was waited for."""
        key = getattr(waiting, "timer", None)
        return NOTHING if key is None else self._store.timers.cancel(key)

    def set_timer(self, record: Record, key: str, due_at: int) -> Write:
        """A timer that comes back as the event `timer_due` of the dialog's lane."""
        payload = {"event": TIMER_DUE, "data": {"timer": key}, "user_id": record.user_id}
        return self._store.timers.set(key, TIMER_KIND, record.chat_id, due_at, payload)


def _record_of(row: JournalRow) -> Record:
    return Record(
        chat_id=row.lane,
        user_id=UserId(row.lane),  # a private chat has its person's number
        script=row.script,
        fingerprint=row.fingerprint,
        opened_at=row.opened_at,
        touched_at=row.touched_at,
        version=row.version,
        place=Place(list(row.passed), dict(row.state), row.said),
        waiting=None if row.question is None else decode_waiting(row.question),
    )
