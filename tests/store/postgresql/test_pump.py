"""Generators are driven to their end, whatever they wait for, and can be left and driven on."""

from __future__ import annotations

import socket

import pytest
import trio
import trio.testing
from psycopg.waiting import Ready, Wait

from store.postgresql.pump import drive, drive_opening, wait_until_ready


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def fill(end):
    """Until it takes no more."""
    size = 0
    while True:
        try:
            size += end.send(b"x" * 65536)
        except BlockingIOError:
            return size


async def test_readable_socket_goes_on_when_something_is_there(pair):
    ours, theirs = pair
    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait_until_ready, ours.fileno(), Wait.R)
        await trio.testing.wait_all_tasks_blocked()
        theirs.send(b"x")


async def test_writable_socket_goes_on_at_once(pair):
    assert await wait_until_ready(pair[0].fileno(), Wait.W) == Ready.W


async def test_either_way_says_which_is_open(pair):
    ours, theirs = pair
    assert await wait_until_ready(ours.fileno(), Wait.RW) == Ready.W
    fill(ours)
    theirs.send(b"x")
    assert await wait_until_ready(ours.fileno(), Wait.RW) == Ready.R


async def test_steps_are_told_what_is_ready_and_their_result_comes_back(pair):
    def steps():
        assert (yield Wait.W) == Ready.W
        return "done"

    assert await drive(steps(), pair[0].fileno()) == "done"


async def test_steps_that_wait_for_nothing_end_at_once(pair):
    def steps():
        return "done"
        yield

    assert await drive(steps(), pair[0].fileno()) == "done"


async def test_error_of_the_steps_comes_out(pair):
    def steps():
        yield Wait.W
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await drive(steps(), pair[0].fileno())


async def test_steps_left_in_the_middle_are_driven_on(pair):
    ours, theirs = pair

    def steps():
        while not (yield Wait.R):
            pass
        return ours.recv(10)

    left = steps()
    with trio.CancelScope() as scope:
        scope.cancel()
        await drive(left, ours.fileno())
    assert scope.cancelled_caught
    theirs.send(b"late")
    assert await drive(left, ours.fileno(), is_left=True) == b"late"


async def test_opening_may_change_its_socket_and_is_closed_when_left(pair):
    first, second = pair
    closed = []

    def opening():
        try:
            assert (yield first.fileno(), Wait.W) == Ready.W
            yield second.fileno(), Wait.R
        finally:
            closed.append(True)

    with trio.move_on_after(0):
        await drive_opening(opening())
    assert closed == [True]
