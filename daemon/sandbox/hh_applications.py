"""Applications at the simulated board: made, refused for every documented reason, listed, talked about.

The order of the checks is the double's own (nobody outside knows the real one); each refusal alone is as documented.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from daemon.sandbox.hh_errors import Refusal, refuse, refuse_argument, refuse_negotiation
from daemon.sandbox.hh_forms import BrokenForm, content_type_of, read_multipart, read_urlencoded
from daemon.sandbox.hh_search import first_value, read_paging
from daemon.sandbox.hh_views import Views, named, page_of, write_date
from daemon.sandbox.hh_words import fold
from daemon.sandbox.service import Request, Response, answer_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from daemon.sandbox.hh_state import Application, HhState
    from daemon.sandbox.people import BoardResume, Person
    from daemon.sandbox.vacancy import BoardVacancy

LONGEST_LETTER = 10_000
IN_A_ROW = 5
STATUSES: dict[str, Callable[[Application], bool]] = {
    "all": lambda _: True,
    "active": lambda a: a.state in {"response", "invitation"} and not a.is_hidden,
    "invitations": lambda a: a.state == "invitation",
    "response": lambda a: a.state == "response",
    "discard": lambda a: a.state == "discard",
    "archived": lambda _: False,
    "non_archived": lambda _: True,
    "deleted": lambda a: a.is_hidden,
}
_SWEARING = re.compile(r"\b(?:херн\w*|дерьм\w*|сволоч\w*|идиот\w*|shit\w*|bullshit|asshole\w*)\b")
_POLICY = re.compile(r"https?://|\bt\.me/|\bwww\.")


class Applications:
    """`/negotiations` and the two questions about a person's resumes for a vacancy."""

    def __init__(self, state: HhState, views: Views) -> None:
        self._state = state
        self._views = views

    def create(self, request: Request, person: Person) -> Response:
        """`POST /negotiations`."""
        try:
            form = read_multipart(request)
        except BrokenForm:
            raise refuse_argument("vacancy_id") from None
        vacancy_id, resume_id, letter = (form.get(name, "") for name in ("vacancy_id", "resume_id", "message"))
        try:
            return self._apply(person, vacancy_id, resume_id, letter)
        except Refusal as refusal:
            self._state.note_refused(
                person.person_id,
                resume_id,
                vacancy_id,
                letter=letter,
                status=refusal.answer.status,
                value=refusal.value,
            )
            raise

    def apply_by_hand(self, person: Person, vacancy_id: str, resume_id: str, letter: str) -> Application | None:
        """The person applies on the site: tests and closed doors do not stop a human. None: it is there already."""
        if self._state.find_application(resume_id, vacancy_id):
            return None
        return self._state.add_application(person.person_id, resume_id, vacancy_id, letter=letter, source="site")

    def list(self, request: Request, person: Person) -> Response:
        """`GET /negotiations`."""
        page, per_page = read_paging(request.query, default=20)
        order_by = first_value(request.query, "order_by") or "updated_at"
        if order_by not in {"updated_at", "created_at"}:
            raise refuse_argument("order_by")
        tests = [*_list_tests(request)]
        seen = self._state.visible_applications(person.person_id)
        found = [a for a in seen if all(test(a) for test in tests)]
        is_oldest_first = first_value(request.query, "order") == "asc"
        found.sort(key=lambda a: (getattr(a, order_by), a.application_id), reverse=not is_oldest_first)
        answer = page_of(found, page, per_page)
        answer["items"] = [self._views.application(a) for a in answer["items"]]
        return answer_json(answer)

    def show(self, application_id: str, person: Person) -> Response:
        """`GET /negotiations/{id}`."""
        return answer_json(self._views.application(self._mine(application_id, person)))

    def messages(self, application_id: str, person: Person) -> Response:
        """`GET /negotiations/{id}/messages`."""
        application = self._mine(application_id, person)
        items = [self._message(application, i) for i in range(len(application.messages))]
        return answer_json(page_of(items, 0, 20))

    def write_message(self, request: Request, application_id: str, person: Person) -> Response:
        """`POST /negotiations/{id}/messages`."""
        application = self._mine(application_id, person)
        try:
            is_multipart = content_type_of(request) == "multipart/form-data"
            form = read_multipart(request) if is_multipart else read_urlencoded(request)
        except BrokenForm:
            raise refuse_argument("message") from None
        text = form.get("message", "").strip()
        if application.state == "response":
            raise refuse_negotiation(403, "no_invitation")
        if not text:
            raise refuse_negotiation(403, "message_cannot_be_empty")
        if [author for author, _, _ in application.messages[-IN_A_ROW:]] == ["applicant"] * IN_A_ROW:
            raise refuse_negotiation(403, "in_a_row_limit")
        application.messages.append(("applicant", text, self._state.clock.now()))
        return answer_json(self._message(application, len(application.messages) - 1), 201)

    def withdraw(self, application_id: str, person: Person) -> Response:
        """`DELETE /negotiations/active/{id}`."""
        application = self._mine(application_id, person)
        if application.is_hidden:
            raise refuse_negotiation(403, "wrong_state")
        application.is_hidden = True
        return Response(204)

    def resumes_by_status(self, vacancy: BoardVacancy, person: Person) -> Response:
        """`GET /vacancies/{id}/resumes_by_status`: the cleanest question before an application and after a doubt."""
        applied = self._applied_with(vacancy, person)
        groups: dict[str, list[Any]] = {"suitable": [], "already_applied": [], "not_published": [], "unavailable": []}
        for resume in person.resumes:
            groups[_group_of(resume, vacancy, applied)].append(self._views.resume_item(person, resume))
        return answer_json({**groups, "counters": {name: len(items) for name, items in groups.items()}})

    def suitable_resumes(self, vacancy: BoardVacancy, person: Person) -> Response:
        """`GET /vacancies/{id}/suitable_resumes`."""
        applied = self._applied_with(vacancy, person)
        fit = [r for r in person.resumes if _group_of(r, vacancy, applied) == "suitable"]
        return answer_json(page_of([self._views.resume_item(person, resume) for resume in fit], 0, 20))

    def _applied_with(self, vacancy: BoardVacancy, person: Person) -> set[str]:
        seen = self._state.visible_applications(person.person_id)
        return {a.resume_id for a in seen if a.vacancy_id == vacancy.vacancy_id}

    def _mine(self, application_id: str, person: Person) -> Application:
        application = self._state.applications.get(application_id)
        if application is None or application.person_id != person.person_id:
            raise refuse(404, "negotiations", "topic_not_found")
        return application

    def _message(self, application: Application, number: int) -> dict[str, Any]:
        author, text, at = application.messages[number]
        return {
            "id": f"{application.application_id}{number:02}",
            "author": {"participant_type": author},
            "text": text,
            "created_at": write_date(at),
            "state": named("response") if author == "applicant" else named(application.state),
            "viewed_by_me": True,
            "viewed_by_opponent": application.is_viewed,
            "editable": False,
            "address": None,
        }

    def _apply(self, person: Person, vacancy_id: str, resume_id: str, letter: str) -> Response:
        vacancy, resume = self._find_pair(person, vacancy_id, resume_id)
        self._check_switches()
        self._check_pair(vacancy, resume)
        if vacancy.kind == "direct":
            raise Refusal("direct", Response(303, {"location": vacancy.response_url or "https://example.com/jobs"}))
        for value, is_refused in _denials(vacancy, resume, letter).items():
            if is_refused:
                raise refuse_negotiation(403, value)
        if self._state.used_in_window(person.person_id) >= self._state.rules.applications_per_day:
            raise refuse_negotiation(self._state.rules.limit_status, "limit_exceeded")
        made = self._state.add_application(person.person_id, resume_id, vacancy_id, letter=letter, source="api")
        return Response(201, {"location": f"/negotiations/{made.application_id}", "content-type": "text/html"})

    def _find_pair(self, person: Person, vacancy_id: str, resume_id: str) -> tuple[BoardVacancy, BoardResume]:
        for name, value in (("vacancy_id", vacancy_id), ("resume_id", resume_id)):
            if not value:
                raise refuse_argument(name)
        vacancy = self._state.vacancies.get(vacancy_id)
        if vacancy is None:
            raise refuse_negotiation(400, "vacancy_not_found")
        resume = next((r for r in person.resumes if r.resume_id == resume_id), None)
        if resume is None:
            raise refuse_negotiation(400, "resume_not_found")
        return vacancy, resume

    def _check_switches(self) -> None:
        if self._state.switches.next_refusals:
            status, value = self._state.switches.next_refusals.popleft()
            if value == "applicant_visibility":
                # Not documented: what resumes of the board's neighbour site rabota.by are told.
                name = "enable_applicant_visibility_in_country"
                raise refuse(status, "bad_argument", name, bad_argument=name, description=f"{name} param required")
            raise refuse_negotiation(status, value)

    def _check_pair(self, vacancy: BoardVacancy, resume: BoardResume) -> None:
        if vacancy.is_archived:
            raise refuse_negotiation(403, "invalid_vacancy")
        if resume.status != "published":
            raise refuse_negotiation(403, "resume_not_found")
        if self._state.find_application(resume.resume_id, vacancy.vacancy_id):
            raise refuse_negotiation(403, "already_applied")


def _list_tests(request: Request) -> Iterator[Callable[[Application], bool]]:
    """What the list's filters ask of an application."""
    status = first_value(request.query, "status") or "all"
    if status not in STATUSES:
        raise refuse_argument("status")
    yield STATUSES[status]
    if vacancy_id := first_value(request.query, "vacancy_id"):
        yield lambda a: a.vacancy_id == vacancy_id
    if first_value(request.query, "has_updates") == "true":
        yield lambda a: a.state != "response"


def _denials(vacancy: BoardVacancy, resume: BoardResume, letter: str) -> dict[str, bool]:
    """Value of each refusal and whether it holds, in the order they are looked at."""
    return {
        "test_required": vacancy.has_test,
        "application_denied": vacancy.is_closed_for_applicants,
        "resume_visibility_conflict": vacancy.kind == "anonymous" and resume.access == "whitelist",
        "empty_message": vacancy.needs_letter and not letter.strip(),
        "too_long_message": len(letter) > LONGEST_LETTER,
        "inappropriate_language_message": bool(_SWEARING.search(fold(letter))),
        "resource_policy_violation_message": bool(_POLICY.search(fold(letter))),
    }


def _group_of(resume: BoardResume, vacancy: BoardVacancy, applied: set[str]) -> str:
    if resume.resume_id in applied:
        return "already_applied"
    if resume.status == "not_published":
        return "not_published"
    if resume.status != "published" or (vacancy.kind == "anonymous" and resume.access == "whitelist"):
        return "unavailable"
    return "suitable"
