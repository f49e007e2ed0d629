"""Verb: resume. Gives back what an operator paused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.admin.verb import Verb
from daemon.admin.verbs.wishes import ADMIN, ALL, WishArgs, WishReply, change_wish, hunt_of, hunts_wishing
from daemon.admin.wire import AdminError
from store.ids import UserId

if TYPE_CHECKING:
    from daemon.admin.operations import Operations
    from daemon.admin.verb import Caller


async def resume(operations: Operations, caller: Caller, args: WishArgs) -> WishReply:
    """Only hunts an operator paused. Raises `AdminError` when the person paused it themselves."""
    if args.user == ALL:
        paused = await hunts_wishing(operations, "paused")
        ours = [hunt for hunt in paused if hunt.wish_by == ADMIN]
        for hunt in ours:
            await change_wish(operations, caller, hunt, "running", verb="resume", reason=args.reason)
        left = len(paused) - len(ours)
        text = f"{len(ours)} hunts resumed, {left} left as their people paused them"
        return WishReply(tuple(hunt.user_id for hunt in ours), left, text)
    one = await hunt_of(operations, UserId(int(args.user)))
    if one is None:
        raise AdminError("unknown_user", f"{args.user} has no hunt")
    if one.wish == "running":
        return WishReply((), 1, f"the hunt of {args.user} runs")
    if one.wish_by != ADMIN:
        raise AdminError("not_ours", f"{args.user} is {one.wish} by {one.wish_by}: only they can go on")
    await change_wish(operations, caller, one, "running", verb="resume", reason=args.reason)
    return WishReply((one.user_id,), 0, f"the hunt of {args.user} is resumed")


RESUME = Verb("resume", "resume USER|all [REASON]", "give back what an operator paused", WishArgs, answer=resume)
