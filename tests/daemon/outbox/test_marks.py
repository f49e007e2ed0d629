"""Marks gather, and nobody reads or sends before theirs is on disk."""

import pytest
import trio
import trio.testing

from daemon.outbox.marks import Marks
from store.errors import Conflict, StoreUnavailable
from store.write import statement

MARK = "INSERT INTO cursors (stream, position, moved_at) VALUES ($1, $2, 0)"


def mark(lane):
    return statement(MARK, f"mark:{lane}", lane)


class Disk:
    """Counts writes; can be slow or refuse."""

    def __init__(self, store):
        self.store = store
        self.commits = []
        self.seconds = 0.0
        self.errors = []

    async def write(self, write):
        await trio.sleep(self.seconds)
        if self.errors:
            raise self.errors.pop(0)
        await self.store.write(write)
        self.commits.append(len(write.statements))


@pytest.fixture
def disk(store):
    return Disk(store)


@pytest.fixture
def marks(disk):
    return Marks(disk)


async def settled():
    await trio.testing.wait_all_tasks_blocked(0.001)


async def marked(store):
    return sorted(row[0] for row in await store.fetch_all("SELECT position FROM cursors"))


async def test_first_mark_is_written_at_once(store, disk, marks, autojump_clock):
    async with marks.written():
        marks.add(1, mark(1))
        await settled()
        assert await marked(store) == [1]
        assert 1 not in marks


async def test_marks_that_keep_coming_travel_together(disk, marks, autojump_clock):
    async with marks.written():
        for lane in range(20):
            marks.add(lane, mark(lane))
            await trio.sleep(0.01)
        await trio.sleep(0.1)
    assert sum(disk.commits) == 20
    assert len(disk.commits) <= 6


async def test_many_marks_do_not_wait_for_more(disk, marks, autojump_clock):
    async with marks.written():
        marks.add(0, mark(0))
        await settled()
        began = trio.current_time()
        for lane in range(1, 65):
            marks.add(lane, mark(lane))
        await settled()
        assert disk.commits == [1, 64]
        assert trio.current_time() - began < 0.05


async def test_who_needs_a_mark_on_disk_does_not_wait_for_others(store, disk, marks, autojump_clock):
    async with marks.written():
        marks.add(1, mark(1))
        await settled()
        marks.add(2, mark(2))
        began = trio.current_time()
        await marks.settle(2)
        assert trio.current_time() == began
        assert await marked(store) == [1, 2]


async def test_settling_waits_for_the_disk(disk, marks, autojump_clock):
    disk.seconds = 3
    async with marks.written():
        marks.add(1, mark(1))
        began = trio.current_time()
        await marks.settle(1)
        assert trio.current_time() - began == pytest.approx(3)
        await marks.settle(7)  # has none


async def test_store_in_trouble_is_tried_until_it_takes_them(store, disk, marks, logged, autojump_clock):
    disk.errors = [StoreUnavailable("full")] * 4
    async with marks.written():
        marks.add(1, mark(1))
        await marks.settle(1)
    assert await marked(store) == [1]
    assert [line["event"] for line in logged] == ["mark_waits_for_store"]


async def test_mark_that_can_not_be_spoils_no_other(store, disk, marks, autojump_clock):
    await store.write(mark(2))  # so that the second one clashes
    async with marks.written():
        marks.add(0, mark(0))
        await settled()
        for lane in (1, 2, 3):
            marks.add(lane, mark(lane))
        await marks.settle(3)
    assert await marked(store) == [0, 1, 2, 3]
    assert 2 not in marks


async def test_conflict_of_a_lone_mark_is_its_end(disk, marks, autojump_clock):
    disk.errors = [Conflict("gone"), Conflict("gone")]
    async with marks.written():
        marks.add(1, mark(1))
        await marks.settle(1)
    assert 1 not in marks
    assert (disk.errors, disk.commits) == ([], [])


async def test_stop_writes_what_is_left_and_then_tells(store, marks, autojump_clock):
    told = []
    async with marks.written():
        marks.add(1, mark(1))
        await settled()
        marks.add(2, mark(2))
        began = trio.current_time()
        marks.hurry(lambda: told.append(trio.current_time() - began))
        await settled()
        assert told
        assert told[-1] < 0.05
    assert await marked(store) == [1, 2]


async def test_stop_with_nothing_left_tells_at_once(marks, autojump_clock):
    told = []
    async with marks.written():
        marks.hurry(lambda: told.append(True))
    assert told == [True]


async def test_marks_cut_off_are_written_by_the_next_run(store, disk, marks, autojump_clock):
    disk.seconds = 60
    with trio.move_on_after(1):
        async with marks.written():
            marks.add(1, mark(1))
            await trio.sleep_forever()
    assert 1 in marks
    disk.seconds = 0
    async with marks.written():
        await marks.settle(1)
    assert await marked(store) == [1]
