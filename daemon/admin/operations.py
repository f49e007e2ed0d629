"""Operations: what the verbs may look at and change; made by `main.py`, handed to each door."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.admin.event_hub import EventHub
    from daemon.clock import Clock
    from daemon.supervisor.dependency import Dependencies
    from daemon.supervisor.layers import Layers
    from store.durable.ownership import Ownership
    from store.ids import UserId
    from store.store import Store


@dataclass(frozen=True, slots=True)
class GateLine:
    """One predicate of a hunt as it stands now, in the operator's words."""

    name: str
    stage: str
    """What a closed gate keeps the hunt from: `hunt`, `search`, `apply`, `nothing`."""
    is_open: bool
    text: str
    until: int | None = None
    """Unix milliseconds at which a closed gate opens by itself."""


Explain = Callable[["UserId"], Awaitable[Sequence[GateLine]]]


@dataclass(frozen=True, slots=True)
class Operations:
    """The daemon as an operator sees it."""

    store: Store
    ownership: Ownership
    supervisor: Layers
    clock: Clock
    events: EventHub
    dependencies: Dependencies
    explain: Explain
    ask_checks: Callable[[], Awaitable[Mapping[str, str]]]
    """Readiness by name, as `/readyz` tells it."""
    tell_facts: Callable[[], Mapping[str, str]]
    """Where the doors listen, what is off and why: whatever `main.py` knows."""
    version: str
    started_at: int
    """Unix milliseconds."""
    is_draining: Callable[[], bool]
