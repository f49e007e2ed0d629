"""One at a time per account, and no lock is kept for those who are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from daemon.accounts.account_lock import AccountLocks

if TYPE_CHECKING:
    from trio.testing import MockClock


async def test_same_account_waits_others_do_not(autojump_clock: MockClock) -> None:
    locks = AccountLocks()
    spans: list[tuple[str, float, float]] = []

    async def work(key: str) -> None:
        async with locks.hold(key):
            started = trio.current_time()
            await trio.sleep(1)
            spans.append((key, started, trio.current_time()))

    async with trio.open_nursery() as nursery:
        for key in ("a", "a", "a", "b"):
            nursery.start_soon(work, key)
    mine = sorted(span[1:] for span in spans if span[0] == "a")
    assert [start for start, _ in mine] == pytest.approx([mine[0][0], mine[0][0] + 1, mine[0][0] + 2])
    assert len(locks) == 0


async def test_failed_and_cancelled_holders_leave_nothing_behind(autojump_clock: MockClock) -> None:
    locks = AccountLocks()
    with pytest.raises(ValueError, match="x"):
        async with locks.hold("a"):
            raise ValueError("x")
    async with trio.open_nursery() as nursery, locks.hold("a"):
        nursery.start_soon(wait_and_give_up, locks)
        await trio.sleep(2)
    assert len(locks) == 0


async def wait_and_give_up(locks: AccountLocks) -> None:
    with trio.move_on_after(1):
        async with locks.hold("a"):
            raise AssertionError("it was held")
