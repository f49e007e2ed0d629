"""Secrets do not print, whichever way one tries."""

from __future__ import annotations

import pytest

from daemon.secret import Secret, SharedSecret

CANARY = "canary-91be"


@pytest.mark.parametrize(
    "show",
    [str, repr, "{}".format, "{!r:>30}".format, lambda secret: f"{secret}", ascii],
)
def test_secret_does_not_print(show):
    assert CANARY not in show(Secret(CANARY))
    assert CANARY not in show([Secret(CANARY)])


def test_reveal_gives_the_secret():
    assert Secret(CANARY).reveal() == CANARY


def test_secrets_compare_by_value():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


def test_empty_secret_is_false():
    assert not Secret("")
    assert Secret("a")


def test_secret_takes_no_attributes():
    with pytest.raises(AttributeError):
        Secret("a").other = 1


def test_shared_secret_is_the_same_secret():
    shared = SharedSecret.of(Secret(CANARY))
    assert shared == Secret(CANARY)
    assert len({shared, Secret(CANARY)}) == 1
    assert CANARY not in repr(shared)
