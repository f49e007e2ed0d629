"""The clerk: the latest word on each child reaches the book, also when the book is broken for a while."""

from __future__ import annotations

import trio
from trio.testing import wait_all_tasks_blocked

from daemon.supervisor.quarantine import MemoryBook, QuarantineClerk, QuarantineEntry


def entry(child, failures=1):
    return QuarantineEntry(child, "ValueError@x", "ValueError", failures, 0, 1000)


class BrokenBook(MemoryBook):
    """Refuses the first writes."""

    def __init__(self, refusals):
        super().__init__()
        self.refusals = refusals
        self.tries = 0

    async def enter(self, entry):
        self.tries += 1
        if self.tries <= self.refusals:
            raise OSError("disk full")
        await super().enter(entry)


async def test_entries_reach_the_book(autojump_clock, nursery):
    book = MemoryBook()
    clerk = QuarantineClerk(book)
    nursery.start_soon(clerk.run)
    clerk.enter(entry("a"))
    clerk.enter(entry("b"))
    await wait_all_tasks_blocked()
    clerk.leave("a")
    await wait_all_tasks_blocked()
    assert list(book.entries) == ["b"]


async def test_latest_word_counts(autojump_clock):
    book = MemoryBook()
    clerk = QuarantineClerk(book)
    clerk.enter(entry("a", 1))
    clerk.leave("a")
    clerk.enter(entry("a", 2))
    assert await clerk.flush()
    assert book.entries["a"].failures == 2


async def test_broken_book_is_tried_again(autojump_clock, nursery, logged):
    book = BrokenBook(2)
    clerk = QuarantineClerk(book)
    nursery.start_soon(clerk.run)
    clerk.enter(entry("a"))
    await trio.sleep(60)
    assert book.entries["a"] == entry("a")
    assert [line["error"] for line in logged] == ["OSError", "OSError"]
    assert "disk full" not in repr(logged)


async def test_leaving_twice_is_no_error(autojump_clock):
    book = MemoryBook()
    await book.leave("nobody")
    assert list(await book.load()) == []
