from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from daemon.supervisor.quarantine import QuarantineEntry
from daemon.supervisor.stored_quarantine import StoredQuarantine
from tests.fakes.owners import seize

if TYPE_CHECKING:
    from store.store import Store
    from store.write import Write

ENTRY = QuarantineEntry(
    child="autopilot:42",
    fingerprint="KeyError at letter.py:write_letter",
    error="KeyError",
    failures=6,
    since_at=1_000,
    next_probe_at=2_000,
)


async def test_entry_is_there_for_the_next_process(store: Store) -> None:
    await StoredQuarantine(store).enter(ENTRY)

    assert await StoredQuarantine(store).load() == [ENTRY]


async def test_second_entry_of_a_child_replaces_the_first(store: Store) -> None:
    book = StoredQuarantine(store)
    await book.enter(ENTRY)

    await book.enter(QuarantineEntry("autopilot:42", "OSError at apply.py:send", "OSError", 7, 1_000, 3_000))

    assert [(entry.fingerprint, entry.failures) for entry in await book.load()] == [("OSError at apply.py:send", 7)]


async def test_child_that_left_is_gone(store: Store) -> None:
    book = StoredQuarantine(store)
    await book.enter(ENTRY)

    await book.leave("autopilot:42")

    assert await book.load() == []


async def test_words_are_written_with_the_entry_and_once(store: Store) -> None:
    def tell(entry: QuarantineEntry) -> Write:
        return store.queues.put(
            "outbox", f"told:{entry.child}:{entry.since_at}", 42, {"until": entry.next_probe_at}, now=1
        )

    book = StoredQuarantine(store, tell)
    await book.enter(ENTRY)
    await book.enter(replace(ENTRY, failures=7, next_probe_at=9_000))
    assert await store.queues.count("outbox", "waiting") == 1

    await book.leave(ENTRY.child)
    await book.enter(replace(ENTRY, since_at=5_000))
    assert await store.queues.count("outbox", "waiting") == 2


async def test_child_of_another_process_is_its_business(store: Store) -> None:
    own = await seize(store, "boot-1")
    book = StoredQuarantine(store, guard=lambda child: own.guard(int(child.partition(":")[2])))
    await book.enter(ENTRY)
    await seize(store, "boot-2")

    await book.leave("autopilot:42")
    await book.enter(replace(ENTRY, failures=9))

    assert await StoredQuarantine(store).load() == [ENTRY]
    own.hold({}, {})
    await book.leave("autopilot:42")
    assert await StoredQuarantine(store).load() == [ENTRY]
