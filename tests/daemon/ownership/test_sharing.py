"""Shares add up, differ by one at most, and everybody computes the same."""

from __future__ import annotations

import pytest

from daemon.ownership.sharing import pick_to_claim, pick_to_give_up, share_of
from store.durable.ownership import SHARDS


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 255, 256, 300])
def test_shares_add_up_and_are_even(count):
    members = [f"boot-{number:03}" for number in range(count)]
    shares = [share_of(member, reversed(members)) for member in members]
    assert sum(shares) == SHARDS
    assert max(shares) - min(shares) <= 1


def test_what_is_beyond_the_share_is_given_up():
    assert pick_to_give_up({5, 1, 9, 7}, 2) == [7, 9]
    assert pick_to_give_up({5, 1}, 2) == []


def test_what_is_missing_is_claimed_in_the_order_of_all():
    assert pick_to_claim(range(SHARDS), 0, "boot") == []
    assert pick_to_claim(range(SHARDS), -3, "boot") == []
    picked = pick_to_claim(range(SHARDS), 10, "boot")
    assert picked == sorted(picked)
    assert len(set(picked)) == 10


def test_members_begin_at_places_of_their_own():
    first, second = (set(pick_to_claim(range(SHARDS), 40, name)) for name in ("boot-a", "boot-\u007f"))
    assert not first & second
