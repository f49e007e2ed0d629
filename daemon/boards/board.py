"""Board protocol: what the hunt needs from a job board, and the ways a board can refuse.

An adapter keeps no state and imports no store: tokens come in as arguments, what must be kept is returned.

BoardError
├── BoardTrouble (Temporary)      unreachable, 5xx, broken body, and surely not carried out
├── BoardBusy (Temporary)         429: too fast
├── UncertainOutcome (Temporary)  the request may have reached the board: ask before any retry
├── LoginExpired                  the access token is over its time: refresh it, then call again
├── TokenStillValid               a refresh came too early: the old access token still works
├── LoginLost (Permanent)         revoked, wrong, locked: the person must connect again
├── ResumeGone (Permanent)        the resume is hidden or deleted at the board: the person must choose another
├── DoorClosed (Permanent)        the board does not let this application do this (no scope, closed API)
├── CaptchaRequired               the person must solve it at `url`
├── LimitReached                  the account's applications are used up for now
├── LetterRejected                the board did not like this text: another text may pass
└── NotApplicable (Permanent)     this vacancy will never take this application; `reason` says why
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from daemon.errors import DaemonError, Permanent, Temporary

if TYPE_CHECKING:
    from daemon.secret import Secret
    from store.ids import BoardName, VacancyId


SKIP_REASONS = (
    "test_required",
    "archived",
    "vacancy_gone",
    "direct",
    "application_denied",
    "resume_visibility_conflict",
    "needs_site",
    "wrong_state",
    "unreadable",
)
"""Why a vacancy never takes an application; each has its text in both languages (`autopilot.reason.…`)."""

LETTER_REASONS = ("empty_message", "too_long_message", "inappropriate_language", "resource_policy_violation")
"""Why a board does not like a letter."""

LOGIN_REASONS = (
    "revoked",
    "account_locked",
    "password_invalidated",
    "login_not_verified",
    "code_used",
    "code_expired",
    "refresh_lost",
    "not_connected",
)
"""Why a login is gone. For logs and for whoever tells the person what to do about it."""


class BoardError(DaemonError):
    """The board did not do what was asked."""


class BoardTrouble(BoardError, Temporary):
    """The board can't be reached or answers nonsense."""


class BoardBusy(BoardError, Temporary):
    """The board asks to slow down."""


class UncertainOutcome(BoardError, Temporary):
    """The request may have reached the board; its answer was lost."""


class LoginExpired(BoardError):
    """The access token is over its time."""


class TokenStillValid(BoardError):
    """The access token has not expired yet; the board refreshes only expired ones."""


class LoginLost(BoardError, Permanent):
    """The login at the board is gone; the person must connect again."""

    def __init__(self, message: str | None = None, *, reason: str = "revoked") -> None:
        super().__init__(message)
        self.reason = reason
        """One of `LOGIN_REASONS`."""


class ResumeGone(BoardError, Permanent):
    """The resume is hidden or deleted at the board; no application can carry it."""


class DoorClosed(BoardError, Permanent):
    """The board does not let this application do this."""


class CaptchaRequired(BoardError):
    """The board wants a captcha solved by the person."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url


class LimitReached(BoardError):
    """The account's applications are used up for now."""

    def __init__(self, made_at: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.made_at = made_at
        """When the account's latest applications were made, those made by hand too; empty: the board does not tell."""


class LetterRejected(BoardError):
    """The board did not accept this letter; `reason` is one of `LETTER_REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the board did not accept the letter: {reason}")
        self.reason = reason


class NotApplicable(BoardError, Permanent):
    """This vacancy can't be applied to; `reason` is one of `SKIP_REASONS`."""

    def __init__(self, reason: str, *, url: str | None = None) -> None:
        super().__init__(f"not applicable: {reason}")
        self.reason = reason
        self.url = url


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a board offers at all; what it lets one account do is found out by a probe."""

    can_search: bool
    can_list_resumes: bool
    can_apply: bool
    can_list_applications: bool


@dataclass(frozen=True, slots=True)
class TokenPair:
    """Answer of a token endpoint. `expires_in_seconds` None: lives until asked for again (application token)."""

    access_token: Secret
    refresh_token: Secret | None
    expires_in_seconds: int | None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is logged in."""

    external_id: str
    is_applicant: bool


@dataclass(frozen=True, slots=True)
class ResumeSummary:
    """One row of the person's resume list."""

    resume_id: str
    title: str
    is_published: bool
    updated_at: int | None


@dataclass(frozen=True, slots=True)
class Experience:
    """One former job in a resume; dates as the board writes them (`2019-04-01`)."""

    company: str
    position: str
    description: str
    start: str
    end: str | None


@dataclass(frozen=True, slots=True)
class Resume:
    """What a letter and a query are made from. Contacts stand apart: they are masked before any model sees a text."""

    resume_id: str | None
    title: str
    text: str
    """The whole resume as plain text, contacts left out."""
    first_name: str
    last_name: str
    contacts: tuple[str, ...]
    skills: tuple[str, ...]
    experience: tuple[Experience, ...]
    total_months: int | None
    area: str


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What is searched for. `text` is in the board's query language and has passed `autopilot/query.py`."""

    text: str
    area: str | None = None
    experience: str | None = None
    salary: int | None = None
    currency: str | None = None
    is_remote: bool = False
    excluded_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Salary:
    """Either end may be open. `currency` is ISO 4217 (`RUB`, `USD`, `EUR`, `KZT`)."""

    lower: int | None
    upper: int | None
    currency: str
    is_gross: bool | None


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A vacancy as search and details show it; text is plain (HTML taken out), empty in search results."""

    vacancy_id: VacancyId
    title: str
    employer_id: str | None
    employer: str
    area: str
    url: str
    apply_url: str
    salary: Salary | None
    summary: str
    text: str
    skills: tuple[str, ...]
    has_test: bool
    needs_letter: bool
    is_archived: bool
    is_direct: bool
    is_closed_for_applicants: bool
    is_answered: bool
    """The person has applied to it already, in whatever way."""
    is_blacklisted: bool
    published_at: int | None


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of a search. `broken` counts items that could not be read and were skipped."""

    vacancies: tuple[Vacancy, ...]
    found: int
    pages: int
    broken: int = 0


@dataclass(frozen=True, slots=True)
class Application:
    """An application as the board knows it. `state`: response | invitation | discard | hidden."""

    external_id: str | None
    vacancy_id: VacancyId
    state: str
    created_at: int | None


class Board(Protocol):
    """One job board. Every method may raise any `BoardError`; only `apply` raises `UncertainOutcome`."""

    @property
    def name(self) -> BoardName:
        """Key in the registry."""

    @property
    def capabilities(self) -> Capabilities:
        """What this board offers at all."""

    def authorize_url(self, state: str, return_url: str) -> str:
        """Page at which the person lets us in."""

    async def exchange_code(self, code: str, return_url: str) -> TokenPair:
        """Turns the code of a return into tokens; a code works once."""

    async def refresh_tokens(self, refresh_token: Secret) -> TokenPair:
        """A new pair; the old refresh token is used up. Only after the access token has expired."""

    async def fetch_application_token(self) -> TokenPair:
        """The application's own token: search without a person's login."""

    async def revoke_token(self, access_token: Secret) -> None:
        """Ends the login."""

    async def fetch_identity(self, access_token: Secret) -> Identity:
        """Who this token belongs to."""

    async def list_resumes(self, access_token: Secret) -> tuple[ResumeSummary, ...]:
        """The person's resumes."""

    async def fetch_resume(self, access_token: Secret, resume_id: str) -> Resume:
        """One whole resume."""

    async def search(self, access_token: Secret, query: SearchQuery, page: int = 0) -> SearchPage:
        """Newest first, at most 2,000 deep."""

    async def fetch_vacancy(self, access_token: Secret, vacancy_id: VacancyId) -> Vacancy:
        """With its full text."""

    async def apply(self, access_token: Secret, resume_id: str, vacancy_id: VacancyId, letter: str) -> Application:
        """Applies. An application that exists already is returned as if made now (`external_id` None)."""

    async def find_application(self, access_token: Secret, resume_id: str, vacancy_id: VacancyId) -> Application | None:
        """The person's application to this vacancy, with whatever resume; None: the board knows of none."""
