"""What a hunt asks of other rooms is what they offer: names and parameters of the real classes."""

from __future__ import annotations

import inspect

import pytest

from daemon.autopilot import tools
from daemon.boards.registry import BoardRegistry
from daemon.outbox.outbox import Outbox
from store.durable.ownership import Ownership


def verbs(protocol: type) -> list[str]:
    return [name for name, value in vars(protocol).items() if inspect.isfunction(value) and not name.startswith("_")]


@pytest.mark.parametrize(
    ("protocol", "real"), [(tools.Speaker, Outbox), (tools.Boards, BoardRegistry), (tools.Owner, Ownership)]
)
def test_real_rooms_offer_what_a_hunt_asks(protocol: type, real: type) -> None:
    for name in verbs(protocol):
        asked = inspect.signature(getattr(protocol, name)).parameters
        offered = inspect.signature(getattr(real, name)).parameters
        assert set(asked) <= set(offered), name


def test_hunt_can_do_nothing_but_store_speak_and_call() -> None:
    fields = set(tools.HuntTools.__dataclass_fields__)
    assert fields == {
        "store",
        "outbox",
        "boards",
        "sessions",
        "vault",
        "ownership",
        "resumes",
        "letters",
        "clock",
        "doubts",
        "random",
        "settings",
        "screener",
        "turns",
    }
