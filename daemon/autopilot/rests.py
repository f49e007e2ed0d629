"""What the board's refusals mean for the whole hunt: until when it rests, why, and what the person is told once.

Called wherever a call to the board may fail (`apply.py`, `reconcile.py`, `autopilot.py`). A captcha is never worked
around: the person gets the board's own link. A shut door never ends a hunt: what can't be sent is handed over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from daemon.autopilot import news, pace
from daemon.boards.board import CaptchaRequired, DoorClosed, LimitReached, LoginLost, ResumeGone
from daemon.clock import DAY
from daemon.errors import Temporary
from store.write import NOTHING

if TYPE_CHECKING:
    from daemon.autopilot.hunt import Hunt
    from daemon.boards.board import BoardError
    from store.write import Write


@dataclass(frozen=True, slots=True)
class Rest:
    """Why the hunt pauses, as a reason of the catalogue, with what is to be written."""

    reason: str
    write: Write = NOTHING
    changes: dict[str, Any] = field(default_factory=dict)
    """Of the checkpoint."""


def find_reading_rest(hunt: Hunt, error: BoardError) -> Rest:
    """The same for searches and details: what closes no gate must at least wait, or the hunt would ask without end."""
    if isinstance(error, CaptchaRequired) and hunt.facts.rests_for("captcha"):
        # Searches go on while nothing is sent, so they meet the captcha again that the person was told of.
        return Rest("captcha", NOTHING, {"has_search_met_captcha": True})
    if isinstance(error, CaptchaRequired | ResumeGone) or (isinstance(error, LoginLost) and hunt.facts.has_login):
        return find_rest(hunt, error)
    return _trouble(hunt, error)


def find_rest(hunt: Hunt, error: BoardError) -> Rest:
    """What follows from a refusal that is about the account or the moment."""
    if isinstance(error, CaptchaRequired):
        return _captcha(hunt, error)
    if isinstance(error, LimitReached):
        return _limit(hunt, error)
    if isinstance(error, LoginLost):
        return _login_lost(hunt)
    if isinstance(error, DoorClosed):
        return _door_closed(hunt)
    if isinstance(error, ResumeGone):
        return _resume_gone(hunt)
    return _trouble(hunt, error)


def _captcha(hunt: Hunt, error: CaptchaRequired) -> Rest:
    captchas, now = hunt.progress.captchas + 1, hunt.now()
    until = pace.captcha_until(now, captchas, hunt.tools.settings.interval_seconds)
    # The session has put the person's own way back into the link.
    rest = hunt.tools.store.hunts.rest(hunt.user_id, until, "captcha", error.url)
    write = rest + news.tell_captcha(hunt, error.url, now)
    return Rest("captcha", write, {"captchas": captchas, "has_search_met_captcha": False})


def _limit(hunt: Hunt, error: LimitReached) -> Rest:
    # The board counts what the person sent by hand too. Where it does not tell, our own oldest one is the best guess.
    own = hunt.facts.place_free_at - DAY if hunt.facts.place_free_at else None
    of_the_day = [made_at for made_at in error.made_at if made_at > hunt.now() - DAY]
    until = pace.limit_until(min(of_the_day, default=own), hunt.now())
    return Rest(
        "limit_reached", hunt.tools.store.hunts.rest(hunt.user_id, until, "limit") + news.tell_limit(hunt, until)
    )


def _login_lost(hunt: Hunt) -> Rest:
    """The person is told by the loop, which sees the lost login whoever has found it out."""
    if not hunt.facts.has_login:
        return Rest("login_lost")
    return Rest("login_lost", hunt.tools.store.board_accounts.set_state(hunt.user_id, hunt.board_name, "lost"))


def _door_closed(hunt: Hunt) -> Rest:
    write = news.tell_door_closed(hunt)
    if hunt.facts.account is not None:
        write += hunt.tools.store.board_accounts.set_mode(hunt.user_id, hunt.board_name, "assisted")
    return Rest("door_closed", write)


def _resume_gone(hunt: Hunt) -> Rest:
    """A rule changes the wish, with its reason: without a resume nothing this person wants can be done."""
    write = news.tell_resume_gone(hunt) + hunt.tools.store.hunts.set_wish(
        hunt.user_id, "paused", by="rule", reason="resume_gone", now=hunt.now()
    )
    return Rest("resume_gone", write)


def _trouble(hunt: Hunt, error: BoardError) -> Rest:
    troubles = hunt.progress.troubles + 1
    settings = hunt.tools.settings
    wanted = error.retry_after_seconds if isinstance(error, Temporary) else None
    until = pace.trouble_until(hunt.now(), troubles, settings.interval_seconds, hunt.tools.random, wanted)
    # Kept in the checkpoint: a board that does not answer must not wipe out that its limit is used up.
    return Rest("board_trouble", NOTHING, {"troubles": troubles, "trouble_until": until})
