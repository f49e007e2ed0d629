"""Readiness: what a person's hunt still lacks. Read by /start and /autopilot, and once by the onboarding dialog."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from daemon.accounts.profile import PASTED
from daemon.accounts.rights import MODEL, TERMS
from store.tables.hunts import HuntRow

if TYPE_CHECKING:
    from daemon.bot.services import Services
    from daemon.dialogs.dialog import Json
    from store.ids import UserId
    from store.write import Write


@dataclass(frozen=True, slots=True)
class Readiness:
    """What is there already."""

    has_consent: bool
    is_connected: bool
    mode: str
    has_resume: bool
    is_resume_pasted: bool
    has_answered_model: bool
    has_query: bool

    @property
    def has_way_to_apply(self) -> bool:
        """A login, or a resume that needs none."""
        return self.is_connected or (self.has_resume and self.is_resume_pasted)

    def is_complete(self, services: Services) -> bool:
        """Whether a hunt could run at once."""
        return (
            self.has_consent
            and self.has_way_to_apply
            and self.has_resume
            and self.has_query
            and (self.has_answered_model or not services.has_model)
        )

    def as_json(self) -> Json:
        """For a dialog's journal."""
        return {**asdict(self), "has_way_to_apply": self.has_way_to_apply}


async def look_at(services: Services, user_id: UserId) -> Readiness:
    """As the store has it now."""
    store = services.store
    account = await store.board_accounts.get(user_id, services.board)
    profile = await store.profiles.get(user_id)
    hunt = await store.hunts.get(user_id)
    return Readiness(
        has_consent=await services.rights.has_agreed(user_id, TERMS),
        is_connected=account is not None and account.state == "connected",
        mode="assisted" if account is None else account.mode,
        has_resume=profile is not None,
        is_resume_pasted=profile is not None and profile.source == PASTED,
        has_answered_model=await services.rights.has_answered(user_id, MODEL),
        has_query=hunt is not None and bool(hunt.query),
    )


def ensure_hunt(services: Services, user_id: UserId) -> Write:
    """The hunt's row, stopped, if there is none yet: settings may be chosen before the first start."""
    row = HuntRow(
        user_id=user_id,
        board=services.board,
        wish="stopped",
        wish_by="person",
        wish_reason="new",
        wished_at=services.clock.now(),
        approval="auto",
        query="",
        excluded="",
    )
    return services.store.hunts.insert_new(row)


def wish(services: Services, user_id: UserId, wanted: str) -> Write:
    """What the person wants from now on: running | paused | stopped."""
    now = services.clock.now()
    return services.store.hunts.set_wish(user_id, wanted, by="person", reason=f"person_{wanted}", now=now)
