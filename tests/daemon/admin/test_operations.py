"""Operations: a plain value, the same for every door."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from daemon.admin.operations import GateLine


async def test_operations_do_not_change_under_a_door(daemon, autojump_clock):
    with pytest.raises(FrozenInstanceError):
        daemon.operations.version = "2"


def test_open_gate_has_no_time():
    assert GateLine("wish", "hunt", True, "yes").until is None
