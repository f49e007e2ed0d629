"""FakeBoard: a job board in memory. Passes `tests/contracts/test_board_contract.py` like the real adapter.

Tests set what the board holds (`vacancies`, `resumes`) and what it does next (`fail_next`, `lose_answer_of_next_apply`,
`close_door`); afterwards they read what it received (`applications`, `calls`).
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import trio

from daemon.boards.board import (
    Application,
    Capabilities,
    DoorClosed,
    Identity,
    LimitReached,
    LoginExpired,
    LoginLost,
    NotApplicable,
    Resume,
    ResumeGone,
    ResumeSummary,
    SearchPage,
    TokenPair,
    TokenStillValid,
    UncertainOutcome,
    Vacancy,
)
from daemon.secret import Secret
from store.ids import BoardName, VacancyId

if TYPE_CHECKING:
    from daemon.boards.board import SearchQuery

PAGE_SIZE = 100


def make_vacancy(vacancy_id: str = "1", **changes: object) -> Vacancy:
    """An ordinary vacancy; any field can be changed."""
    vacancy = Vacancy(
        vacancy_id=VacancyId(vacancy_id),
        title=f"Разработчик Python {vacancy_id}",
        employer_id=f"e{vacancy_id}",
        employer=f"Компания {vacancy_id}",
        area="Москва",
        url=f"https://board.example/vacancy/{vacancy_id}",
        apply_url=f"https://board.example/respond/{vacancy_id}",
        salary=None,
        summary="Пишем сервисы на Python",
        text="",
        skills=(),
        has_test=False,
        needs_letter=False,
        is_archived=False,
        is_direct=False,
        is_closed_for_applicants=False,
        is_answered=False,
        is_blacklisted=False,
        published_at=1_780_000_000_000,
    )
    return replace(vacancy, **changes)  # type: ignore[arg-type]  # the tests name fields


def make_resume(resume_id: str | None = "r1", **changes: object) -> Resume:
    """An ordinary resume; any field can be changed."""
    resume = Resume(
        resume_id=resume_id,
        title="Разработчик Python",
        text="Разработчик Python\n\nПять лет пишу сервисы. Знаю PostgreSQL.",
        first_name="Иван",
        last_name="Иванов",
        contacts=("+7 926 222-22-22", "ivan@example.com"),
        skills=("Python", "PostgreSQL"),
        experience=(),
        total_months=60,
        area="Москва",
    )
    return replace(resume, **changes)  # type: ignore[arg-type]  # the tests name fields


@dataclass(slots=True)
class _Login:
    """One pair of tokens and whose it is."""

    person: str | None
    refresh_token: str | None
    expires_at: float
    is_refreshed: bool = False
    is_revoked: bool = False


@dataclass(slots=True)
class Received:
    """One application as the board got it."""

    person: str
    resume_id: str
    vacancy_id: VacancyId
    letter: str
    at: float
    """Trio's time."""


@dataclass
class FakeBoard:
    """A board that keeps everything in memory; every code of an authorisation is `code-PERSON`."""

    name: BoardName = field(default_factory=lambda: BoardName("hh"))
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(True, True, True, True))
    token_seconds: int = 1_209_600
    visible_after_seconds: float = 0.0
    """How long an application is not yet found, as on a real board."""
    limit: int | None = None
    vacancies: dict[VacancyId, Vacancy] = field(default_factory=dict)
    resumes: dict[str, Resume] = field(default_factory=lambda: {"r1": make_resume()})
    applications: list[Received] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    doors_closed: set[str] = field(default_factory=set)
    answers_lost: int = 0
    delay_seconds: float = 0.0
    _failures: defaultdict[str, deque[Exception]] = field(default_factory=lambda: defaultdict(deque))
    _logins: dict[str, _Login] = field(default_factory=dict)
    _codes_used: set[str] = field(default_factory=set)

    # What tests do to it.

    def add(self, *vacancies: Vacancy) -> None:
        """Publishes vacancies, the last one the newest."""
        self.vacancies |= {vacancy.vacancy_id: vacancy for vacancy in vacancies}

    def fail_next(self, call: str, *errors: Exception) -> None:
        """The next calls of this method raise these, one each, without effect."""
        self._failures[call].extend(errors)

    def lose_answer_of_next_apply(self) -> None:
        """The next application arrives, and its answer does not."""
        self.answers_lost += 1

    def close_door(self, *calls: str) -> None:
        """These methods are refused from now on (`apply`, `list_resumes`, …)."""
        self.doors_closed |= set(calls)

    def make_token(self, person: str = "ivan") -> Secret:
        """A valid access token without the walk through the login."""
        return self._new_pair(person).access_token

    def expire_tokens(self) -> None:
        """All access tokens are over their time now."""
        for login in self._logins.values():
            login.expires_at = min(login.expires_at, trio.current_time())

    def revoke_all(self) -> None:
        """All logins are gone."""
        for login in self._logins.values():
            login.is_revoked = True

    # The contract.

    def authorize_url(self, state: str, return_url: str) -> str:
        return f"https://board.example/oauth/authorize?state={state}&redirect_uri={return_url}"

    async def exchange_code(self, code: str, return_url: str) -> TokenPair:
        await self._enter("exchange_code")
        if not code.startswith("code-"):
            raise LoginLost(reason="code_expired")
        if code in self._codes_used:
            raise LoginLost(reason="code_used")
        self._codes_used.add(code)
        return self._new_pair(code.removeprefix("code-"))

    async def refresh_tokens(self, refresh_token: Secret) -> TokenPair:
        await self._enter("refresh_tokens")
        login = next((one for one in self._logins.values() if one.refresh_token == refresh_token.reveal()), None)
        if login is None or login.is_revoked or login.person is None:
            raise LoginLost
        if login.is_refreshed:
            raise LoginLost(reason="refresh_lost")
        if trio.current_time() < login.expires_at:
            raise TokenStillValid
        login.is_refreshed = True
        return self._new_pair(login.person)

    async def fetch_application_token(self) -> TokenPair:
        await self._enter("fetch_application_token")
        for login in self._logins.values():
            login.is_revoked |= login.person is None
        pair = self._new_pair(None)
        return TokenPair(pair.access_token, None, None)

    async def revoke_token(self, access_token: Secret) -> None:
        await self._enter("revoke_token")
        self._person(access_token)
        self._logins[access_token.reveal()].is_revoked = True

    async def fetch_identity(self, access_token: Secret) -> Identity:
        await self._enter("fetch_identity")
        person = self._login(access_token).person
        return Identity(person or "", person is not None)

    async def list_resumes(self, access_token: Secret) -> tuple[ResumeSummary, ...]:
        await self._enter("list_resumes")
        self._person(access_token)
        return tuple(ResumeSummary(key, resume.title, True, None) for key, resume in self.resumes.items())

    async def fetch_resume(self, access_token: Secret, resume_id: str) -> Resume:
        await self._enter("fetch_resume")
        self._person(access_token)
        if resume_id not in self.resumes:
            raise ResumeGone
        return self.resumes[resume_id]

    async def search(self, access_token: Secret, query: SearchQuery, page: int = 0) -> SearchPage:
        await self._enter("search")
        person = self._login(access_token).person
        found = [self._seen_by(person, vacancy) for vacancy in reversed(self.vacancies.values())]
        found = [replace(vacancy, text="") for vacancy in found if not vacancy.is_archived]
        pages = -(-len(found) // PAGE_SIZE)
        return SearchPage(tuple(found[page * PAGE_SIZE : (page + 1) * PAGE_SIZE]), len(found), pages)

    async def fetch_vacancy(self, access_token: Secret, vacancy_id: VacancyId) -> Vacancy:
        await self._enter("fetch_vacancy")
        person = self._login(access_token).person
        if vacancy_id not in self.vacancies:
            raise NotApplicable("vacancy_gone")
        vacancy = self._seen_by(person, self.vacancies[vacancy_id])
        return vacancy if vacancy.text else replace(vacancy, text=f"{vacancy.summary}\n\n• Python\n• PostgreSQL")

    async def apply(self, access_token: Secret, resume_id: str, vacancy_id: VacancyId, letter: str) -> Application:
        await self._enter("apply")
        person = self._person(access_token)
        self._check_applicable(resume_id, vacancy_id)
        if any(self._applications_of(person, vacancy_id)):
            return Application(None, vacancy_id, "response", None)
        if self.limit is not None and sum(one.person == person for one in self.applications) >= self.limit:
            raise LimitReached
        self.applications.append(Received(person, resume_id, vacancy_id, letter, trio.current_time()))
        if self.answers_lost:
            self.answers_lost -= 1
            raise UncertainOutcome
        return Application(f"n{len(self.applications)}", vacancy_id, "response", None)

    async def find_application(self, access_token: Secret, resume_id: str, vacancy_id: VacancyId) -> Application | None:
        await self._enter("find_application")
        person = self._person(access_token)
        for position, one in enumerate(self.applications, start=1):
            is_visible = trio.current_time() - one.at >= self.visible_after_seconds
            if is_visible and (one.person, one.vacancy_id) == (person, vacancy_id):
                return Application(f"n{position}", vacancy_id, "response", None)
        return None

    async def _enter(self, call: str) -> None:
        await trio.sleep(self.delay_seconds)
        self.calls.append(call)
        if self._failures[call]:
            raise self._failures[call].popleft()
        if call in self.doors_closed:
            raise DoorClosed

    def _new_pair(self, person: str | None) -> TokenPair:
        number = len(self._logins) + 1
        refresh_token = f"refresh-{number}" if person is not None else None
        expires_at = trio.current_time() + self.token_seconds if person is not None else float("inf")
        self._logins[f"access-{number}"] = _Login(person, refresh_token, expires_at)
        return TokenPair(
            Secret(f"access-{number}"), Secret(refresh_token) if refresh_token else None, self.token_seconds
        )

    def _login(self, token: Secret) -> _Login:
        login = self._logins.get(token.reveal())
        if login is None or login.is_revoked or login.is_refreshed:
            raise LoginLost
        if trio.current_time() >= login.expires_at:
            raise LoginExpired
        return login

    def _person(self, token: Secret) -> str:
        person = self._login(token).person
        if person is None:
            raise DoorClosed
        return person

    def _applications_of(self, person: str, vacancy_id: VacancyId) -> list[Received]:
        return [one for one in self.applications if (one.person, one.vacancy_id) == (person, vacancy_id)]

    def _seen_by(self, person: str | None, vacancy: Vacancy) -> Vacancy:
        is_answered = person is not None and bool(self._applications_of(person, vacancy.vacancy_id))
        return replace(vacancy, is_answered=vacancy.is_answered or is_answered)

    def _check_applicable(self, resume_id: str, vacancy_id: VacancyId) -> None:
        if resume_id not in self.resumes:
            raise ResumeGone
        vacancy = self.vacancies.get(vacancy_id)
        if vacancy is None:
            raise NotApplicable("vacancy_gone")
        if vacancy.has_test:
            raise NotApplicable("test_required")
        if vacancy.is_archived:
            raise NotApplicable("archived")
        if vacancy.is_direct:
            raise NotApplicable("direct", url=vacancy.apply_url)
