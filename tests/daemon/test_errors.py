"""The families of failure: what the supervisor may rely on."""

from __future__ import annotations

import pytest

from daemon.errors import DaemonError, NotAllowed, Permanent, Temporary


@pytest.mark.parametrize("family", [DaemonError, Temporary, Permanent, NotAllowed])
def test_docstring_is_the_default_message(family):
    assert str(family()) == family.__doc__
    assert str(family("this time")) == "this time"


def test_temporary_carries_its_wish_to_wait():
    assert Temporary(retry_after_seconds=5).retry_after_seconds == 5
    assert Temporary().retry_after_seconds is None


def test_families_are_apart():
    assert not issubclass(Temporary, Permanent)
    assert not issubclass(Permanent, Temporary)
    assert not issubclass(NotAllowed, Permanent)
