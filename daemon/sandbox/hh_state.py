"""What the simulated board remembers, and the switches by which a story or the chat page bends it.

Everything a judge needs goes to the world's log at the moment it happens here; the log is never read back.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from daemon.clock import DAY, HOUR, SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daemon.clock import Clock
    from daemon.sandbox.hh_tokens import Tokens
    from daemon.sandbox.people import BoardResume, Person
    from daemon.sandbox.vacancy import BoardVacancy


class Log(Protocol):
    """The world's log: facts only, in order."""

    def __call__(self, kind: str, **facts: Any) -> None:
        """Writes one line."""


@dataclass(slots=True)
class Rules:
    """How this board behaves. May be changed while it runs."""

    client_id: str = "aurora-sandbox-client"
    client_secret: str = "aurora-sandbox-secret"  # noqa: S105 - made up, for the simulated world only
    redirect_uri: str = "http://127.0.0.1:8080/oauth/hh/callback"
    """Registered address; scheme, host and port are compared. Empty: any address will do."""
    api_url: str = "https://api.hh.ru"
    site_url: str = "https://hh.ru"
    access_token_seconds: float = 1_209_600
    code_seconds: float = 300
    app_token_pause_seconds: float = 300
    requests_per_second: int = 3
    applications_per_day: int = 200
    limit_status: int = 400
    """The limit is documented under both 400 and 403."""
    visible_after_seconds: float = 0
    """A fresh application shows in lists only after this."""
    employers_answer_after_seconds: float | None = None
    """None: employers never answer by themselves."""
    is_anonymous_search_open: bool = False
    default_login: str = ""
    """Who is chosen on the login page until somebody else is; empty: the first person."""


@dataclass(slots=True)
class Application:
    """One application: unique by resume and vacancy, as on the real board, so two resumes may double it."""

    application_id: str
    person_id: str
    resume_id: str
    vacancy_id: str
    letter: str
    created_at: int
    source: str
    state: str = "response"
    updated_at: int = 0
    is_viewed: bool = False
    is_hidden: bool = False
    messages: list[tuple[str, str, int]] = field(default_factory=list)
    """Author (`applicant` or `employer`), text, time."""


@dataclass(slots=True)
class Switches:
    """What goes wrong on purpose."""

    closed_calls: frozenset[str] = frozenset()
    """Of `me`, `resumes`, `search`, `negotiations`: refused with any person's token."""
    closed_value: str = "no_scope"
    """An oauth value, `forbidden`, or `bare`: 403 without a body."""
    captcha_for: set[str] = field(default_factory=set)
    """Person ids that must solve a captcha; `*` is everybody, the application's own token included."""
    account_trouble: dict[str, str] = field(default_factory=dict)
    """Person id -> `account is locked`, `password invalidated` or `login not verified`."""
    is_client_deleted: bool = False
    next_refusals: deque[tuple[int, str]] = field(default_factory=deque)
    """The next applications are refused with these statuses and values."""


class HhState:
    """The board's memory. One per world; all times are Unix milliseconds."""

    tokens: Tokens
    """Set by `build_hh`: lets a story end or expire a login."""

    def __init__(
        self,
        clock: Clock,
        seed: int,
        log: Log,
        *,
        rules: Rules,
        people: tuple[Person, ...],
        vacancies: tuple[BoardVacancy, ...],
    ) -> None:
        self.clock = clock
        self.log = log
        self.rules = rules
        self.switches = Switches()
        self.random = random.Random(f"hh:{seed}")
        self.started_at = clock.now()
        self.people: Mapping[str, Person] = {person.person_id: person for person in people}
        self.vacancies: Mapping[str, BoardVacancy] = {vacancy.vacancy_id: vacancy for vacancy in vacancies}
        self.applications: dict[str, Application] = {}
        self.captchas: dict[str, str] = {}
        """Captcha state -> the person (or `*`) it was asked of."""
        self._next_application = 4_000_000_000 + self.random.randrange(1_000_000)
        self._recent: dict[str, deque[int]] = {}
        self._published: dict[str, int] = {}
        self._shown: dict[str, set[str]] = {}
        self._remember_old_applications()

    def new_secret(self, length: int = 64) -> str:
        """A token, a code, a captcha's state: letters and digits, different in every world, the same for one seed."""
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        return "".join(self.random.choices(alphabet, k=length))

    def person_by_login(self, login: str) -> Person | None:
        """By e-mail or id."""
        wanted = login.strip().casefold()
        return next((p for p in self.people.values() if wanted in (p.email.casefold(), p.person_id)), None)

    def resume(self, resume_id: str) -> tuple[Person, BoardResume] | None:
        """A resume and whose it is."""
        for person in self.people.values():
            for resume in person.resumes:
                if resume.resume_id == resume_id:
                    return person, resume
        return None

    def published_at(self, vacancy: BoardVacancy) -> int:
        """When a vacancy appeared, counted from the world's start."""
        return self.started_at - vacancy.age_seconds * SECOND

    def applications_of(self, person_id: str) -> list[Application]:
        """All of a person, oldest first."""
        return [a for a in self.applications.values() if a.person_id == person_id]

    def visible_applications(self, person_id: str) -> list[Application]:
        """Those that lists show already."""
        seen_before = self.clock.now() - self.rules.visible_after_seconds * SECOND
        return [a for a in self.applications_of(person_id) if a.created_at <= seen_before]

    def find_application(self, resume_id: str, vacancy_id: str) -> Application | None:
        """The application of this very pair."""
        pairs = (a for a in self.applications.values() if (a.resume_id, a.vacancy_id) == (resume_id, vacancy_id))
        return next(pairs, None)

    def used_in_window(self, person_id: str) -> int:
        """Applications of the last 24 hours."""
        since = self.clock.now() - DAY
        return sum(a.created_at > since for a in self.applications_of(person_id))

    def add_application(
        self, person_id: str, resume_id: str, vacancy_id: str, *, letter: str, source: str
    ) -> Application:
        """Makes an application and tells the log."""
        now = self.clock.now()
        application = self._keep(person_id, resume_id, vacancy_id, letter=letter, source=source, created_at=now)
        self.log(
            "application_made",
            at=now,
            user=person_id,
            resume=resume_id,
            vacancy=vacancy_id,
            letter=letter,
            application=application.application_id,
            source=source,
        )
        return application

    def note_refused(
        self, person_id: str, resume_id: str, vacancy_id: str, *, letter: str, status: int, value: str
    ) -> None:
        """Tells the log of an application that was not made."""
        self.log(
            "application_refused",
            at=self.clock.now(),
            user=person_id,
            resume=resume_id,
            vacancy=vacancy_id,
            letter=letter,
            status=status,
            value=value,
        )

    def note_shown(self, person_id: str, vacancy_ids: Sequence[str]) -> None:
        """Tells the log which vacancies a search shows this person for the first time, joined by spaces."""
        shown = self._shown.setdefault(person_id, set())
        new = [vacancy_id for vacancy_id in vacancy_ids if vacancy_id not in shown]
        if new:
            shown.update(new)
            self.log("vacancies_shown", at=self.clock.now(), user=person_id, vacancies=" ".join(new))

    def answer(self, application_id: str, state: str, text: str = "") -> None:
        """An employer answers: `invitation` or `discard`, with a message if there is a text."""
        application = self.applications[application_id]
        application.state = state
        application.is_viewed = True
        application.updated_at = self.clock.now()
        if text:
            application.messages.append(("employer", text, application.updated_at))
        self.log(
            "employer_answered",
            at=application.updated_at,
            user=application.person_id,
            vacancy=application.vacancy_id,
            application=application_id,
            state=state,
        )

    def close_applicant_api(
        self, calls: tuple[str, ...] = ("me", "resumes", "search", "negotiations"), value: str = "no_scope"
    ) -> None:
        """From now on these calls are refused with a person's token; no calls: open again."""
        self.switches.closed_calls = frozenset(calls)
        self.switches.closed_value = value

    def refuse_next(self, value: str, status: int = 403, times: int = 1) -> None:
        """The next `times` applications are refused with this value, whatever they are."""
        self.switches.next_refusals.extend([(status, value)] * times)

    def require_captcha(self, person_id: str = "*") -> None:
        """The next call of this person asks for a captcha, and so does every one until it is solved."""
        self.switches.captcha_for.add(person_id)

    def solve_captcha(self, captcha_state: str) -> bool:
        """The person pressed the button on the captcha page."""
        person_id = self.captchas.pop(captcha_state, None)
        if person_id is None:
            return False
        self.switches.captcha_for.discard(person_id)
        self.log("captcha_solved", at=self.clock.now(), user=person_id)
        return True

    def is_too_fast(self, token: str) -> bool:
        """Counts a request; true when this token made more than its share within the last second."""
        now = self.clock.now()
        recent = self._recent.setdefault(token, deque())
        while recent and recent[0] <= now - SECOND:
            recent.popleft()
        if len(recent) >= self.rules.requests_per_second:
            return True
        recent.append(now)
        return False

    def publish(self, resume_id: str) -> bool:
        """Raises a resume in the list; false when the last time was under four hours ago."""
        now = self.clock.now()
        last = self._published.get(resume_id)
        if last is not None and now < last + 4 * HOUR:
            return False
        self._published[resume_id] = now
        return True

    def advance_employers(self) -> None:
        """Employers who answer by themselves do so once their time has come. Called before anybody looks."""
        delay = self.rules.employers_answer_after_seconds
        if delay is None:
            return
        due_before = self.clock.now() - delay * SECOND
        for application in list(self.applications.values()):
            if (
                application.state == "response"
                and application.source != "past"
                and application.created_at <= due_before
            ):
                draw = random.Random(f"{application.vacancy_id}:{application.person_id}").random()
                self.answer(application.application_id, "invitation" if draw < 0.3 else "discard")

    def _keep(
        self, person_id: str, resume_id: str, vacancy_id: str, *, letter: str, source: str, created_at: int
    ) -> Application:
        self._next_application += self.random.randrange(1, 50)
        application = Application(
            str(self._next_application),
            person_id,
            resume_id,
            vacancy_id,
            letter,
            created_at,
            source,
            updated_at=created_at,
            messages=[("applicant", letter, created_at)] if letter else [],
        )
        self.applications[application.application_id] = application
        return application

    def _remember_old_applications(self) -> None:
        answered = [vacancy for vacancy in self.vacancies.values() if vacancy.is_answered]
        for person in self.people.values():
            for vacancy in answered if person.resumes else ():
                created_at = max(self.published_at(vacancy), self.started_at - 9 * DAY) - DAY
                resume_id = person.resumes[0].resume_id
                self._keep(
                    person.person_id, resume_id, vacancy.vacancy_id, letter="", source="past", created_at=created_at
                )
