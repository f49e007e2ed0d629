"""An owner's window is counted from when a beat was sent, on two clocks, and ends before its lease."""

from __future__ import annotations

import math

import pytest

from store.durable.trust import MARGIN_SHARE, Trust


class Hands:
    """Clocks that are moved by hand."""

    def __init__(self) -> None:
        self.running, self.booted = 100.0, 5000.0

    def trust(self, lease: float = 15.0) -> Trust:
        return Trust(lease, (lambda: self.running, lambda: self.booted))


def test_nothing_is_trusted_before_the_first_beat():
    assert Hands().trust().seconds_left() == -math.inf


def test_window_ends_before_the_lease_and_is_counted_from_the_sending():
    hands = Hands()
    trust = hands.trust()
    sent = trust.now()
    hands.running += 4
    hands.booted += 4
    trust.renew(sent)
    assert trust.seconds_left() == pytest.approx(15 * (1 - MARGIN_SHARE) - 4)


def test_suspension_counts_although_trios_clock_stood_still():
    hands = Hands()
    trust = hands.trust()
    trust.renew(trust.now())
    hands.booted += 600
    assert trust.seconds_left() < 0


def test_beat_that_took_longer_than_the_lease_brings_no_trust():
    hands = Hands()
    trust = hands.trust()
    sent = trust.now()
    hands.running += 20
    hands.booted += 20
    trust.renew(sent)
    assert trust.seconds_left() < 0


def test_trust_ends_with_the_membership():
    hands = Hands()
    trust = hands.trust()
    trust.renew(trust.now())
    trust.end()
    assert trust.seconds_left() == -math.inf
