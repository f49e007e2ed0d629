"""AutopilotProgress: the checkpoint of one hunt, and how older shapes of it are read.

Saved in the same write as what each step did. It holds only what no table holds: the pace, and what the person was told
already. Vacancies carry their own states, applications their ledger, so a lost or unreadable checkpoint costs a pause
between two applications and nothing else.

Shapes: 1 is the first. A reader takes every older shape, ignores what it does not know and starts anew from a newer
major shape, which only a rollback of the daemon can bring.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

SHAPE = 1


class AutopilotProgress(BaseModel):
    """Where the hunt is, beyond its vacancies."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    shape: int = SHAPE
    step: str = "starting"
    """What was done last, for `tree` and `why`: searching, screening, writing, applying, resting, …"""
    vacancy: str = ""
    """`board:vacancy` the step was about."""
    next_application_at: int = 0
    troubles: int = 0
    """Failures of the board in a row; the wait doubles with each."""
    trouble_until: int = 0
    """Until when the board is left alone after its last failure."""
    captchas: int = 0
    """Captchas in a row without an application between them."""
    has_search_met_captcha: bool = False
    """While resting for one: then a search that passes proves that it is solved, whichever in the row it was."""
    fruitless_since: int | None = None
    """Since when searches bring nothing new."""
    unread_from: int = 0
    """Page of the search at which an earlier one ended with pages left; 0: all that the board shows was seen."""
    searched_for: str = ""
    """Which query that is said of; another one begins anew."""
    ask_again_at: int = 0
    """Not before this is the board asked again about doubtful applications: it could not answer the last time."""
    login_told: int = 0
    """Which lost login the person was told about: the time it was made."""
    answers_seen: int = 0
    """How many of the latest applications were looked at for answers in this round."""
    card: str = ""
    """What the status card shows: an edit that would change nothing is not sent."""

    @classmethod
    def read(cls, state: Any) -> Self:
        """From the stored JSON."""
        try:
            progress = cls.model_validate(state or {})
        except ValidationError:
            return cls()
        return progress if progress.shape <= SHAPE else cls()

    def to(self, step: str, vacancy: str = "", **changes: Any) -> Self:
        """The next checkpoint."""
        return self.model_copy(update={"shape": SHAPE, "step": step, "vacancy": vacancy, **changes})

    def dump(self) -> dict[str, Any]:
        """For the store."""
        return self.model_dump(mode="json")
