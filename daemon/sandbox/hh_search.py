"""Search of the simulated board: query language, filters, order and paging over the corpus.

Wrong values are refused as the real board does (400 `bad_argument`); parameters it does not know are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from daemon.clock import DAY
from daemon.sandbox.hh_errors import refuse_argument
from daemon.sandbox.hh_query import TEXT_FIELDS, FieldIndex, parse_query
from daemon.sandbox.hh_views import MOSCOW, Views, page_of
from daemon.sandbox.hh_words import plain_text, stem_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from daemon.sandbox.hh_state import HhState
    from daemon.sandbox.vacancy import BoardVacancy

Test = Callable[["BoardVacancy"], bool]

DEEPEST = 2000
RATES = {"RUR": 1.0, "USD": 0.0125, "EUR": 0.0108, "KZT": 5.9, "BYR": 0.038, "UZS": 152.0, "AZN": 0.021}
"""One rouble in each currency, near enough for a filter."""
EXPERIENCE = ("noExperience", "between1And3", "between3And6", "moreThan6")
SCHEDULES = ("fullDay", "shift", "flexible", "remote", "flyInFlyOut")
EMPLOYMENTS = ("full", "part", "project", "volunteer", "probation")
FORMATS = ("ON_SITE", "REMOTE", "HYBRID", "FIELD_WORK")
ORDERS = ("publication_time", "salary_desc", "salary_asc", "relevance", "distance")
COUNTRIES = {"113": ("1", "2", "3", "4", "66", "76", "78", "88", "99", "104"), "40": ("159", "160"), "16": ("1002",)}
"""A country's id stands for its cities."""
SEARCH_FIELDS = {"name": "NAME", "company_name": "COMPANY_NAME", "description": "DESCRIPTION"}


class VacancySearch:
    """`GET /vacancies` and `GET /resumes/{id}/similar_vacancies`."""

    def __init__(self, state: HhState, views: Views) -> None:
        self._state = state
        self._views = views

    def answer(self, query: Mapping[str, tuple[str, ...]], person_id: str | None) -> dict[str, Any]:
        """One page of what fits."""
        page, per_page = read_paging(query)
        found = self.find(query)
        answer = page_of(found, page, per_page)
        if person_id is not None:
            self._state.note_shown(person_id, [vacancy.vacancy_id for vacancy in answer["items"]])
        words = _wanted_words(query)
        answer["items"] = [
            _highlight(self._views.vacancy_item(vacancy, person_id), words) for vacancy in answer["items"]
        ]
        return answer | {"clusters": None, "arguments": None, "fixes": None, "suggests": None, "alternate_url": None}

    def find(self, query: Mapping[str, tuple[str, ...]]) -> list[BoardVacancy]:
        """Everything that fits, in the order asked for."""
        tests = [*self._filters(query), self._text_test(query)]
        listed = (vacancy for vacancy in self._state.vacancies.values() if _is_listed(vacancy))
        return self._ordered((v for v in listed if all(test(v) for test in tests)), query)

    def _text_test(self, query: Mapping[str, tuple[str, ...]]) -> Test:
        text = first_value(query, "text") or ""
        if len(text) > 3000:
            raise refuse_argument("text", reason="too_long_value")
        fields = _search_fields(query)
        return lambda vacancy: fits_words(text, fields, vacancy)

    def _filters(self, query: Mapping[str, tuple[str, ...]]) -> Iterable[Test]:
        yield from _place_filters(query)
        yield from _kind_filters(query)
        yield from _pay_filters(query)
        yield from self._date_filters(query)
        stop_words = [word.strip() for word in ",".join(query.get("excluded_text", ())).split(",") if word.strip()]
        for word in stop_words:
            phrase = f'"{word}"'
            yield lambda vacancy, phrase=phrase: not fits_words(phrase, TEXT_FIELDS, vacancy)  # type: ignore[misc]  # mypy can't infer a lambda's default

    def _date_filters(self, query: Mapping[str, tuple[str, ...]]) -> Iterable[Test]:
        period, since, until = (first_value(query, name) for name in ("period", "date_from", "date_to"))
        if period and (since or until):
            raise refuse_argument("period")
        if period:
            oldest = self._state.clock.now() - read_number(query, "period", 0) * DAY
            yield lambda vacancy: self._state.published_at(vacancy) >= oldest
        if since:
            earliest = _read_date(since, "date_from")
            yield lambda vacancy: self._state.published_at(vacancy) >= earliest
        if until:
            latest = _read_date(until, "date_to")
            yield lambda vacancy: self._state.published_at(vacancy) <= latest

    def _ordered(self, vacancies: Iterable[BoardVacancy], query: Mapping[str, tuple[str, ...]]) -> list[BoardVacancy]:
        order = first_value(query, "order_by") or "relevance"
        if order not in ORDERS:
            raise refuse_argument("order_by")
        newest = sorted(vacancies, key=lambda v: (v.age_seconds, v.vacancy_id))
        if order in {"salary_desc", "salary_asc"}:
            sign = -1 if order == "salary_desc" else 1
            return sorted(newest, key=lambda v: (v.pay is None, sign * _roubles(v)))
        if order == "relevance":
            words = _wanted_words(query)
            return sorted(newest, key=lambda v: (not v.is_premium, -len(words & _stems_of(v.title))))
        return newest


@lru_cache(maxsize=65_536)
def fits_words(text: str, fields: tuple[str, ...], vacancy: BoardVacancy) -> bool:
    """Whether a query finds it. Kept: the same search comes again every few minutes, over the same corpus."""
    return _read_query(text).matches(index_vacancy(vacancy), fields)


_read_query = lru_cache(maxsize=256)(parse_query)


@lru_cache(maxsize=5000)
def index_vacancy(vacancy: BoardVacancy) -> FieldIndex:
    """A vacancy made ready for matching. Kept: the corpus never changes, and every search reads all of it."""
    return FieldIndex(
        {
            "NAME": vacancy.title,
            "COMPANY_NAME": "" if vacancy.kind == "anonymous" else vacancy.employer.name,
            "COMPANY_ID": "" if vacancy.kind == "anonymous" else vacancy.employer.employer_id,
            "DESCRIPTION": f"{plain_text(vacancy.html)} {' '.join(vacancy.skills)}",
        }
    )


def first_value(query: Mapping[str, tuple[str, ...]], name: str) -> str | None:
    """A parameter that should come once."""
    values = query.get(name)
    return values[0] if values else None


def read_number(query: Mapping[str, tuple[str, ...]], name: str, default: int) -> int:
    """A whole number that is not negative."""
    text = first_value(query, name)
    if text is None or text == "":
        return default
    if not re.fullmatch(r"\d{1,9}", text):
        raise refuse_argument(name)
    return int(text)


def read_paging(query: Mapping[str, tuple[str, ...]], *, default: int = 10) -> tuple[int, int]:
    """`page`, `per_page`; not deeper than the board goes."""
    page, per_page = read_number(query, "page", 0), read_number(query, "per_page", default)
    if not 1 <= per_page <= 100:
        raise refuse_argument("per_page")
    if (page + 1) * per_page > DEEPEST:
        raise refuse_argument("page")
    return page, per_page


def _is_listed(vacancy: BoardVacancy) -> bool:
    # Archived vacancies stay in the results for a while: a hunt that trusts the list alone walks into them.
    return vacancy.kind != "closed"


def _search_fields(query: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    names = query.get("search_field", ())
    if any(name not in SEARCH_FIELDS for name in names):
        raise refuse_argument("search_field")
    return tuple(SEARCH_FIELDS[name] for name in names) or TEXT_FIELDS


def _known_values(query: Mapping[str, tuple[str, ...]], name: str, known: tuple[str, ...]) -> frozenset[str]:
    values = frozenset(value for value in query.get(name, ()) if value)
    if not values <= frozenset(known):
        raise refuse_argument(name)
    return values


def _place_filters(query: Mapping[str, tuple[str, ...]]) -> Iterable[Test]:
    areas = frozenset(value for value in query.get("area", ()) if value)
    if any(not area.isdigit() for area in areas):
        raise refuse_argument("area")
    if areas:
        cities = areas.union(*(COUNTRIES.get(area, ()) for area in areas))
        yield lambda vacancy: vacancy.area.area_id in cities
    wanted, unwanted = (frozenset(query.get(name, ())) for name in ("employer_id", "excluded_employer_id"))
    if wanted:
        yield lambda vacancy: vacancy.kind != "anonymous" and vacancy.employer.employer_id in wanted
    if unwanted:
        yield lambda vacancy: vacancy.employer.employer_id not in unwanted


def _kind_filters(query: Mapping[str, tuple[str, ...]]) -> Iterable[Test]:
    if values := _known_values(query, "experience", EXPERIENCE):
        yield lambda vacancy: vacancy.experience in values
    if schedules := _known_values(query, "schedule", SCHEDULES):
        yield lambda vacancy: vacancy.schedule in schedules
    if employments := _known_values(query, "employment", EMPLOYMENTS):
        yield lambda vacancy: vacancy.employment in employments
    if formats := _known_values(query, "work_format", FORMATS):
        yield lambda vacancy: vacancy.work_format in formats
    if roles := frozenset(query.get("professional_role", ())):
        yield lambda vacancy: vacancy.role[0] in roles


def _pay_filters(query: Mapping[str, tuple[str, ...]]) -> Iterable[Test]:
    currency = first_value(query, "currency") or "RUR"
    if currency not in RATES:
        raise refuse_argument("currency")
    if first_value(query, "only_with_salary") == "true":
        yield lambda vacancy: vacancy.pay is not None
    if salary := read_number(query, "salary", 0):
        roubles = salary / RATES[currency]
        # As the real one: a vacancy without pay stays in unless `only_with_salary` is asked for.
        yield lambda vacancy: vacancy.pay is None or _roubles(vacancy, highest=True) >= roubles


def _roubles(vacancy: BoardVacancy, *, highest: bool = False) -> float:
    pay = vacancy.pay
    if pay is None:
        return 0.0
    ends = [end for end in (pay.lower, pay.upper) if end is not None]
    if highest and pay.upper is None:
        return float("inf")
    return (max(ends) if highest else sum(ends) / len(ends)) / RATES[pay.currency]


def _read_date(text: str, name: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise refuse_argument(name) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=MOSCOW)
    # Rounded to five minutes, as documented.
    moment -= timedelta(minutes=moment.minute % 5, seconds=moment.second, microseconds=moment.microsecond)
    return moment.timestamp() * 1000


def _stems_of(text: str) -> frozenset[str]:
    return frozenset(map(stem_of, re.findall(r"[^\W_]+", text)))


def _wanted_words(query: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    text = first_value(query, "text") or ""
    operators = r"\b(?:AND|OR|NOT|NAME|COMPANY_NAME|DESCRIPTION|COMPANY_ID)\b"
    return _stems_of(re.sub(operators, " ", text))


def _highlight(item: dict[str, Any], words: frozenset[str]) -> dict[str, Any]:
    """Puts `<highlighttext>` round found words in the snippet, which is why snippets are not plain text."""
    snippet = item.get("snippet")
    if not words or not snippet:
        return item

    def mark(match: re.Match[str]) -> str:
        word = match.group()
        return f"<highlighttext>{word}</highlighttext>" if stem_of(word) in words else word

    item["snippet"] = {name: text and re.sub(r"[^\W_]+", mark, text) for name, text in snippet.items()}
    return item
