"""Verb: users. People and their hunts, page by page; ids and states only, nothing they wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from daemon.admin.verb import Caller, Verb, VerbArgs

if TYPE_CHECKING:
    from daemon.admin.operations import Operations
    from store.tables.hunts import HuntRow
    from store.tables.users import UserRow


class UsersArgs(VerbArgs):
    """Where to go on, and how many."""

    after: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 50


@dataclass(frozen=True, slots=True)
class UserLine:
    """One person."""

    user: int
    language: str
    state: str
    """`active`, `blocked` (they blocked the bot) or `deleted`."""
    wish: str | None
    wish_by: str | None
    step: str | None
    next_search_in_seconds: int | None
    rests: str | None
    """Why the hunt rests."""


@dataclass(frozen=True, slots=True)
class UsersReply:
    """One page of people."""

    total: int
    users: tuple[UserLine, ...]
    next_after: int | None
    """Ask again with this; None: that was all."""


async def list_users(operations: Operations, _caller: Caller, args: UsersArgs) -> UsersReply:
    """People by id."""
    store = operations.store
    now = operations.clock.now()
    rows = await store.users.page(args.after, args.limit)
    lines = [_describe(row, await store.hunts.get(row.user_id), now) for row in rows]
    is_full = len(rows) == args.limit
    return UsersReply(await store.users.count(), tuple(lines), rows[-1].user_id if is_full else None)


def _describe(user: UserRow, hunt: HuntRow | None, now: int) -> UserLine:
    state = "deleted" if user.deleted_at is not None else "blocked" if user.blocked_at is not None else "active"
    if hunt is None:
        return UserLine(user.user_id, user.language, state, None, None, None, None, None)
    is_due = hunt.next_search_at is not None and hunt.wish == "running"
    return UserLine(
        user=user.user_id,
        language=user.language,
        state=state,
        wish=hunt.wish,
        wish_by=hunt.wish_by,
        step=hunt.step,
        next_search_in_seconds=max((hunt.next_search_at or now) - now, 0) // 1000 if is_due else None,
        rests=hunt.rest_reason,
    )


USERS = Verb("users", "users [AFTER [LIMIT]]", "people and their hunts", UsersArgs, answer=list_users)
