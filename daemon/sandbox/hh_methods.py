"""The simulated board's methods: one table of what the API offers, and what each answers to a caller let in.

Who may call what, how fast and through which captcha is decided before, in `hh.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemon.sandbox.hh_dictionaries import list_areas, list_dictionaries
from daemon.sandbox.hh_errors import not_found, refuse, refuse_oauth
from daemon.sandbox.hh_search import VacancySearch, read_paging
from daemon.sandbox.hh_views import Views, page_of
from daemon.sandbox.hh_words import split_words
from daemon.sandbox.service import Request, Response, answer_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.sandbox.hh_applications import Applications
    from daemon.sandbox.hh_state import HhState
    from daemon.sandbox.people import BoardResume, Person
    from daemon.sandbox.vacancy import BoardVacancy


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a person, the application itself, or nobody."""

    token: str | None
    someone: Person | None

    @property
    def person(self) -> Person:
        """The person; refuses the application's own token."""
        if self.someone is None:
            raise refuse_oauth("user_auth_expected")
        return self.someone

    @property
    def person_id(self) -> str | None:
        """None: the application's own token or no token."""
        return self.someone.person_id if self.someone else None


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a caller who was let in, with the ids of its path."""

    request: Request
    caller: Caller
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of the API. `door` is the name the switches know it by."""

    method: str
    path: re.Pattern[str]
    door: str
    is_for_applicants: bool
    answer: Callable[[Call], Response]


class HhMethods:
    """What each method answers."""

    def __init__(self, state: HhState, views: Views, applications: Applications) -> None:
        self._state = state
        self._views = views
        self._applications = applications
        self._search = VacancySearch(state, views)

    def routes(self) -> tuple[Route, ...]:
        """Every method of the API on one page."""
        vacancy, resume, topic = r"/vacancies/(\d+)", r"/resumes/([0-9a-zA-Z]+)", r"/negotiations/(\d+)"
        table: tuple[tuple[str, str, str, bool, Callable[[Call], Response]], ...] = (
            ("GET", "/me", "me", False, self._me),
            ("GET", "/dictionaries", "dictionaries", False, lambda _: answer_json(list_dictionaries())),
            ("GET", "/areas", "dictionaries", False, lambda _: answer_json(list_areas())),
            ("GET", "/resumes/mine", "resumes", True, self._my_resumes),
            ("GET", resume, "resumes", True, self._resume),
            ("GET", f"{resume}/status", "resumes", True, self._resume_status),
            ("POST", f"{resume}/publish", "resumes", True, self._publish),
            ("GET", f"{resume}/similar_vacancies", "resumes", True, self._similar),
            ("GET", "/vacancies", "search", False, self._found),
            ("GET", "/vacancies/blacklisted", "search", True, self._blacklisted),
            ("GET", "/employers/blacklisted", "search", True, lambda _: self._blacklisted_employers()),
            ("GET", vacancy, "search", False, self._vacancy),
            ("GET", f"{vacancy}/resumes_by_status", "negotiations", True, self._by_status),
            ("GET", f"{vacancy}/suitable_resumes", "negotiations", True, self._suitable),
            ("POST", "/negotiations", "negotiations", True, self._apply),
            ("GET", "/negotiations", "negotiations", True, self._list),
            ("GET", topic, "negotiations", True, self._show),
            ("GET", f"{topic}/messages", "negotiations", True, self._messages),
            ("POST", f"{topic}/messages", "negotiations", True, self._write),
            ("DELETE", r"/negotiations/active/(\d+)", "negotiations", True, self._withdraw),
        )
        return tuple(
            Route(method, re.compile(path), door, is_for_applicants, answer)
            for method, path, door, is_for_applicants, answer in table
        )

    def _me(self, call: Call) -> Response:
        if call.caller.someone is None:
            flags = ("is_applicant", "is_employer", "is_admin", "is_employer_integration")
            return answer_json({"auth_type": "application", "is_application": True, **dict.fromkeys(flags, False)})
        return answer_json(self._views.me(call.caller.person))

    def _my_resumes(self, call: Call) -> Response:
        person = call.caller.person
        page, per_page = read_paging(call.request.query, default=20)
        return answer_json(page_of([self._views.resume_item(person, r) for r in person.resumes], page, per_page))

    def _resume(self, call: Call) -> Response:
        return answer_json(self._views.resume_page(call.caller.person, _own_resume(call)))

    def _resume_status(self, call: Call) -> Response:
        item = self._views.resume_item(call.caller.person, _own_resume(call))
        names = ("blocked", "can_publish_or_update", "finished", "status")
        return answer_json({**{name: item[name] for name in names}, "moderation_note": []})

    def _publish(self, call: Call) -> Response:
        resume = _own_resume(call)
        if resume.status != "published":
            raise refuse(400, "bad_request")
        if not self._state.publish(resume.resume_id):
            raise refuse(429, "resumes", "touch_limit_exceeded")
        return Response(204)

    def _similar(self, call: Call) -> Response:
        query = dict(call.request.query)
        query.setdefault("text", (" OR ".join(split_words(_own_resume(call).title)),))
        return answer_json(self._search.answer(query, call.caller.person_id))

    def _found(self, call: Call) -> Response:
        answer = self._search.answer(call.request.query, call.caller.person_id)
        self._state.log("searched", at=self._state.clock.now(), user=call.caller.person_id, found=answer["found"])
        return answer_json(answer)

    def _vacancy(self, call: Call) -> Response:
        return answer_json(self._views.vacancy_page(self._asked_vacancy(call), call.caller.person_id))

    def _blacklisted(self, call: Call) -> Response:
        found = [v for v in self._state.vacancies.values() if v.employer.is_blacklisted]
        items = [self._views.vacancy_item(v, call.caller.person_id) for v in found]
        return answer_json({**page_of(items, 0, 20), "limit_reached": False})

    def _blacklisted_employers(self) -> Response:
        employers = {v.employer.employer_id: v.employer for v in self._state.vacancies.values()}
        names = [{"id": e.employer_id, "name": e.name} for e in employers.values() if e.is_blacklisted]
        return answer_json({**page_of(names, 0, 20), "limit_reached": False})

    def _by_status(self, call: Call) -> Response:
        return self._applications.resumes_by_status(self._asked_vacancy(call), call.caller.person)

    def _suitable(self, call: Call) -> Response:
        return self._applications.suitable_resumes(self._asked_vacancy(call), call.caller.person)

    def _apply(self, call: Call) -> Response:
        return self._applications.create(call.request, call.caller.person)

    def _list(self, call: Call) -> Response:
        return self._applications.list(call.request, call.caller.person)

    def _show(self, call: Call) -> Response:
        return self._applications.show(call.ids[0], call.caller.person)

    def _messages(self, call: Call) -> Response:
        return self._applications.messages(call.ids[0], call.caller.person)

    def _write(self, call: Call) -> Response:
        return self._applications.write_message(call.request, call.ids[0], call.caller.person)

    def _withdraw(self, call: Call) -> Response:
        return self._applications.withdraw(call.ids[0], call.caller.person)

    def _asked_vacancy(self, call: Call) -> BoardVacancy:
        vacancy = self._state.vacancies.get(call.ids[0])
        if vacancy is None:
            raise not_found()
        return vacancy


def _own_resume(call: Call) -> BoardResume:
    found = next((r for r in call.caller.person.resumes if r.resume_id == call.ids[0]), None)
    if found is None:
        raise not_found()
    return found
