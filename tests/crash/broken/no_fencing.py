"""No fencing: what a former owner writes is taken like anybody's."""

from __future__ import annotations

import store.tables.hunts
from store.durable.leases import Leases
from store.write import NOTHING

MACHINES = ("lease",)


def apply() -> None:
    """In this process, for good."""
    Leases.fence = lambda *_arguments: NOTHING
    hunts = store.tables.hunts
    hunts._NOTE_STEP = hunts._NOTE_STEP.replace("AND epoch <= $2", "")
