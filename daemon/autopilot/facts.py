"""HuntFacts: everything the gates of one hunt look at, read from the store in one go.

Read anew before each step and never kept: between two steps a hunt holds nothing, so what a handler wrote meanwhile (a
pause, another query, an approved letter) counts at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from daemon.autopilot.progress import AutopilotProgress
from daemon.boards.registry import UnknownBoard
from daemon.clock import DAY, MINUTE, SECOND
from store.durable.ownership import shard_name
from store.ids import TaskKey

if TYPE_CHECKING:
    from daemon.autopilot.tools import HuntTools
    from daemon.boards.board import Board
    from store.durable.effects import EffectRow
    from store.ids import BoardName, UserId
    from store.store import Store
    from store.tables.board_accounts import BoardAccountRow
    from store.tables.hunts import HuntRow
    from store.tables.profiles import ProfileRow
    from store.tables.quarantine import QuarantineRow

KIND = "application"
"""Kind of the effects of this room."""
AMBIGUOUS_BUDGET = 3
"""So many applications whose outcome nobody knows stop a person's applying until they are cleared up."""
MOST_A_DAY = 200
"""hh.ru's own limit for an account within 24 hours."""


def task_key(user_id: UserId) -> TaskKey:
    """Name of the child and of its checkpoint."""
    return TaskKey(f"autopilot:{user_id}")


@dataclass(frozen=True, slots=True)
class HuntFacts:
    """One hunt as the store has it."""

    user_id: UserId
    now: int
    hunt: HuntRow | None
    account: BoardAccountRow | None
    profile: ProfileRow | None
    quarantine: QuarantineRow | None
    progress: AutopilotProgress
    progress_version: int
    is_blocked: bool
    open_effects: tuple[EffectRow, ...]
    used_today: int
    place_free_at: int | None
    daily_limit: int
    waiting: int
    has_approved: bool
    next_question_at: int | None
    """When the board is asked about the next doubtful application."""
    has_board: bool
    """Whether the operator has set this board up."""
    can_board_apply: bool
    board_rests_until: int = 0
    """The board is down for everybody and left alone until then."""
    owner: str | None = None
    """Whoever acts for this person where this process does not: a boot id, "" for nobody; None: this process."""

    @property
    def is_wished(self) -> bool:
        """Whether the person wants to hunt."""
        return self.hunt is not None and self.hunt.wish == "running"

    @property
    def has_resume(self) -> bool:
        """Whether there is anything to write letters from."""
        return self.profile is not None

    @property
    def has_login(self) -> bool:
        """Whether the board lets us in, in the person's name."""
        return self.account is not None and self.account.state == "connected"

    @property
    def is_login_lost(self) -> bool:
        """Whether a login was there and is gone. No login at all is a choice: assisted mode."""
        return self.account is not None and self.account.state != "connected"

    @property
    def mode(self) -> str:
        """`auto`, `approve` or `assisted`: what can't be sent by us is handed over, whatever the person chose."""
        account, profile = self.account, self.profile
        if account is None or account.mode == "assisted" or not self.can_board_apply:
            return "assisted"
        if profile is None or profile.resume_id is None:
            return "assisted"
        return "approve" if self.hunt is not None and self.hunt.approval == "approve" else "auto"

    @property
    def ambiguous(self) -> int:
        """Applications of which nobody knows whether they arrived."""
        return sum(effect.state != "planned" for effect in self.open_effects)

    @property
    def rests_until(self) -> int | None:
        """Until when the hunt rests, if it does."""
        return self.hunt.rests_until if self.hunt is not None else None

    def rests_for(self, reason: str) -> bool:
        """Whether it rests for this reason now."""
        return self.hunt is not None and self.hunt.rest_reason == reason and (self.hunt.rests_until or 0) > self.now


async def find_owner(store: Store, shard: int) -> str:
    """The process that holds this shard; "": none does."""
    lease = await store.leases.get(shard_name(shard))
    return "" if lease is None or lease.expires_at == 0 else lease.owner


async def read_facts(tools: HuntTools, user_id: UserId) -> HuntFacts:
    """One hunt as it stands now."""
    store, now = tools.store, tools.clock.now()
    hunt = await store.hunts.get(user_id)
    user = await store.users.get(user_id)
    account = await store.board_accounts.get(user_id, hunt.board) if hunt is not None else None
    checkpoint = await store.checkpoints.load(task_key(user_id))
    progress = AutopilotProgress.read(checkpoint.state if checkpoint is not None else None)
    if checkpoint is not None and was_set_back(checkpoint.saved_at, now):
        progress = progress.to(progress.step, progress.vacancy, next_application_at=0, trouble_until=0, ask_again_at=0)
    if hunt is not None and was_set_back(hunt.searched_at, now):
        hunt = replace(hunt, next_search_at=None)
    counts = await store.vacancies.count_by_state(user_id)
    handed_over = (await store.vacancies.count_by_state(user_id, now - DAY)).get("handed_over", 0)
    open_effects = tuple(await store.effects.open(KIND, user_id))
    tools.doubts.keep_only(user_id, open_effects)
    applied = await store.effects.count(KIND, user_id, now - DAY)
    oldest = await store.effects.oldest(KIND, user_id, now - DAY)
    ready = await store.vacancies.in_state(user_id, "letter_ready", 20) if counts.get("letter_ready") else []
    board = find_board(tools, hunt.board) if hunt is not None else None
    limit = hunt.daily_limit if hunt is not None and hunt.daily_limit is not None else tools.settings.daily_limit
    is_ours = tools.ownership.owns(user_id)
    return HuntFacts(
        owner=None if is_ours else await find_owner(store, tools.ownership.shard_of(user_id)),
        user_id=user_id,
        now=now,
        hunt=hunt,
        account=account,
        profile=await store.profiles.get(user_id),
        quarantine=await store.quarantine.get(task_key(user_id)),
        progress=progress,
        progress_version=checkpoint.version if checkpoint is not None else 0,
        is_blocked=user is not None and user.blocked_at is not None,
        open_effects=open_effects,
        used_today=applied + handed_over,
        place_free_at=(oldest if oldest is not None else now) + DAY,
        daily_limit=min(limit, MOST_A_DAY),
        waiting=counts.get("waiting_for_you", 0),
        has_approved=any(row.reason == "approved" for row in ready),
        next_question_at=_next_question_at(tools, open_effects, progress),
        has_board=board is not None,
        can_board_apply=board is not None and board.capabilities.can_apply,
        board_rests_until=_board_rests_until(tools, user_id, hunt) if board is not None else 0,
    )


def was_set_back(written_at: int | None, now: int) -> bool:
    """Whether the wall clock was set back since this was written: then moments counted from it mean nothing any more.

    A hunt would sleep as long as the clock was wrong. The day's places are not given back: they stay taken longer.
    """
    return written_at is not None and written_at > now + MINUTE


def find_board(tools: HuntTools, name: BoardName) -> Board | None:
    """The board; None while the operator has not set it up (a hunt may be older than the settings)."""
    try:
        return tools.boards.get(name)
    except UnknownBoard:
        return None


def call_seconds(grace_seconds: float) -> float:
    """How long an application's call may take. Well below the grace as a rule, however the two are set."""
    return max(5.0, min(30.0, grace_seconds / 4))


def question_at(tools: HuntTools, effect: EffectRow) -> int:
    """When the board may be asked about a doubtful application.

    As long as the request may still be carried out, "there is none" proves nothing. The grace begins when the request
    can have left at the latest: when its outcome was lost, or, while it may still be under way, when its call will end.
    """
    left = tools.settings.grace_seconds - tools.doubts.known_for(effect)
    if effect.state == "sending":
        left += call_seconds(tools.settings.grace_seconds)
    return tools.clock.now() + round(left * SECOND)


def _board_rests_until(tools: HuntTools, user_id: UserId, hunt: HuntRow | None) -> int:
    seconds = tools.sessions.rests_for(user_id, hunt.board) if hunt is not None else 0.0
    return tools.clock.now() + round(seconds * SECOND) if seconds else 0


def _next_question_at(tools: HuntTools, effects: tuple[EffectRow, ...], progress: AutopilotProgress) -> int | None:
    due = [question_at(tools, effect) for effect in effects if effect.state != "planned"]
    return max(min(due), progress.ask_again_at) if due else None
