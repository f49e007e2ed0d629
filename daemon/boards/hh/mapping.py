"""hh.ru's vacancies and negotiations as the house's own values. Pure functions; a broken item raises `Unreadable`.

Called by `board.py`. What a resume becomes stands in `resumes.py`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from daemon.boards.board import Application, Salary, Vacancy
from daemon.boards.hh.answers import NegotiationBody, VacancyBody
from daemon.boards.plain_text import plain_snippet, plain_text
from store.ids import VacancyId

if TYPE_CHECKING:
    from daemon.boards.hh.answers import SalaryBody

Body = TypeVar("Body", bound=BaseModel)

_ANSWERED = frozenset({"got_response", "got_invitation", "got_rejection"})
_SPACE = re.compile(r"\s")
_CURRENCIES = {"RUR": "RUB", "BYR": "BYN"}
"""The board still uses codes that ISO 4217 has retired."""


class Unreadable(Exception):
    """An item lacks what makes it one."""


def read_body(shape: type[Body], raw: object) -> Body:
    """A body in its shape. The error says which fields are wrong and holds nothing of their values."""
    try:
        return shape.model_validate(raw)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, issue["loc"])) or "body" for issue in error.errors()[:3])
    # Raised out here: the library's error holds the values, and as a context it would travel along.
    raise Unreadable(f"unreadable {fields}")


def read_time(text: str) -> int | None:
    """`2013-07-08T16:17:21+0400` (no colon in the offset) as Unix milliseconds."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return round(moment.timestamp() * 1000) if moment.tzinfo else None


def board_currency(code: str) -> str:
    """The board's own code of a currency."""
    return {iso: own for own, iso in _CURRENCIES.items()}.get(code, code)


def read_vacancy(raw: Any, site_url: str) -> Vacancy:
    """A vacancy from a search or from its own page. Raises `Unreadable`."""
    body = read_body(VacancyBody, raw)
    vacancy_id = str(body.id)
    if not vacancy_id or not body.name.strip():
        raise Unreadable("unreadable id or name")
    relations = {relation for relation in body.relations or () if isinstance(relation, str)}
    employer = body.employer
    snippet = body.snippet
    return Vacancy(
        vacancy_id=VacancyId(vacancy_id),
        title=plain_snippet(body.name),
        employer_id=(employer.id or None) if employer else None,
        employer=plain_snippet(employer.name) if employer else "",
        area=body.area.name if body.area else "",
        url=_web_url(body.alternate_url) or f"{site_url}/vacancy/{vacancy_id}",
        apply_url=_web_url(body.apply_alternate_url) or f"{site_url}/applicant/vacancy_response?vacancyId={vacancy_id}",
        salary=_read_salary(body.salary) or _read_salary(body.salary_range),
        summary=plain_snippet(" ".join(filter(None, (snippet.requirement, snippet.responsibility)))) if snippet else "",
        text=plain_text(body.description),
        skills=tuple(skill.name for skill in body.key_skills if skill.name),
        has_test=_needs_test(body),
        needs_letter=body.response_letter_required,
        is_archived=body.archived or body.hidden,
        is_direct=bool(body.response_url) or (body.type is not None and body.type.id == "direct"),
        is_closed_for_applicants=body.closed_for_applicants,
        is_answered=not relations.isdisjoint(_ANSWERED),
        is_blacklisted="blacklisted" in relations or bool(employer and employer.blacklisted),
        published_at=read_time(body.published_at),
    )


def read_application(raw: Any, vacancy_id: VacancyId) -> Application | None:
    """A negotiation of this vacancy; None when it is of another. Raises `Unreadable`."""
    body = read_body(NegotiationBody, raw)
    # The official example has no vacancy in it: then the filter of the request vouches for it.
    if body.vacancy is not None and str(body.vacancy.id) != vacancy_id:
        return None
    state = body.state.id if body.state and body.state.id else "response"
    return Application(str(body.id), vacancy_id, state, read_time(body.created_at))


def read_created_at(raw: Any) -> int | None:
    """When a negotiation was begun; None where that can't be read."""
    try:
        return read_time(read_body(NegotiationBody, raw).created_at)
    except Unreadable:
        return None


def _read_salary(body: SalaryBody | None) -> Salary | None:
    if body is None or (body.lower is None and body.upper is None):
        return None
    return Salary(
        lower=None if body.lower is None else round(body.lower),
        upper=None if body.upper is None else round(body.upper),
        currency=_CURRENCIES.get(body.currency, body.currency) or "RUB",
        is_gross=body.gross,
    )


def _needs_test(body: VacancyBody) -> bool:
    # A whole vacancy tells whether its test must be done; a search tells only that there is one.
    if body.test is not None and body.test.required is not None:
        return body.test.required
    return body.has_test


def _web_url(url: str) -> str:
    # It becomes a button in Telegram, which refuses a message with anything but a web address in it.
    return url if url.startswith(("https://", "http://")) and not _SPACE.search(url) else ""
