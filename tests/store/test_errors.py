"""Errors say by themselves what happened."""

from __future__ import annotations

import pytest

from store import errors
from store.errors import CapReached, Conflict, LeaseLost, StoreError

ALL = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, StoreError)]


@pytest.mark.parametrize("kind", ALL)
def test_docstring_is_the_default_message(kind):
    assert str(kind()) == kind.__doc__
    assert str(kind("the disk is full")) == "the disk is full"


def test_who_catches_a_conflict_catches_lost_leases_and_caps():
    assert issubclass(LeaseLost, Conflict)
    assert issubclass(CapReached, Conflict)


def test_tree_of_the_docstring_names_every_error():
    assert all(kind.__name__ in errors.__doc__ for kind in ALL)
