"""What `pause` and `resume` share: whose wishes change, and the audit row that goes with each change.

An operator's word is a wish like a person's own, so it outlives restarts. `resume` gives back what an operator took,
never what the person themselves paused; that would be done in their name.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field

from daemon.admin.verb import VerbArgs
from store.tables.audit import AuditRow

if TYPE_CHECKING:
    from daemon.admin.operations import Operations
    from daemon.admin.verb import Caller
    from store.ids import UserId
    from store.tables.hunts import HuntRow

ADMIN = "admin"
ALL = "all"
AUDITED_REASON = 200


def _who(value: object) -> object:
    if value == ALL or (isinstance(value, str) and value.isascii() and value.isdigit() and int(value) > 0):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    raise ValueError("expected a numeric user id or the word all")


class WishArgs(VerbArgs):
    """Whose, and why."""

    user: Annotated[str, BeforeValidator(_who)]
    reason: Annotated[str, Field(max_length=AUDITED_REASON)] = ""


@dataclass(frozen=True, slots=True)
class WishReply:
    """What was done."""

    changed: tuple[int, ...]
    unchanged: int
    text: str


async def change_wish(
    operations: Operations, caller: Caller, hunt: HuntRow, wish: str, *, verb: str, reason: str
) -> None:
    """The wish and its audit row, in one write."""
    now = operations.clock.now()
    store = operations.store
    row = AuditRow(secrets.token_hex(16), now, caller.who, verb, str(hunt.user_id), reason)
    await store.write(
        store.hunts.set_wish(hunt.user_id, wish, by=ADMIN, reason=reason or f"admin_{verb}", now=now)
        + store.audit.add(row)
    )


async def hunts_wishing(operations: Operations, wish: str) -> list[HuntRow]:
    """All hunts of people with this wish."""
    found = [await operations.store.hunts.get(user_id) for user_id in await operations.store.hunts.wishing(wish)]
    return [hunt for hunt in found if hunt is not None]


async def hunt_of(operations: Operations, user_id: UserId) -> HuntRow | None:
    """One person's hunt."""
    return await operations.store.hunts.get(user_id)
