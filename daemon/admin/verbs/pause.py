"""Verb: pause. A person's hunt, or everybody's, until an operator or the person says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.admin.verb import Verb
from daemon.admin.verbs.wishes import ALL, WishArgs, WishReply, change_wish, hunt_of, hunts_wishing
from daemon.admin.wire import AdminError
from store.ids import UserId

if TYPE_CHECKING:
    from daemon.admin.operations import Operations
    from daemon.admin.verb import Caller


async def pause(operations: Operations, caller: Caller, args: WishArgs) -> WishReply:
    """Hunts that run are paused; others are left as they are. Raises `AdminError` for a person without a hunt."""
    if args.user == ALL:
        hunts = await hunts_wishing(operations, "running")
        for hunt in hunts:
            await change_wish(operations, caller, hunt, "paused", verb="pause", reason=args.reason)
        return WishReply(tuple(hunt.user_id for hunt in hunts), 0, f"{len(hunts)} hunts paused")
    one = await hunt_of(operations, UserId(int(args.user)))
    if one is None:
        raise AdminError("unknown_user", f"{args.user} has no hunt")
    if one.wish != "running":
        return WishReply((), 1, f"the hunt of {args.user} does not run: {one.wish} by {one.wish_by}")
    await change_wish(operations, caller, one, "paused", verb="pause", reason=args.reason)
    return WishReply((one.user_id,), 0, f"the hunt of {args.user} is paused")


PAUSE = Verb("pause", "pause USER|all [REASON]", "pause a person's hunt, or all", WishArgs, answer=pause)
