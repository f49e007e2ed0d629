"""Search of the simulated board over its corpus: text, filters, order, pages, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.clock import DAY
from daemon.sandbox.hh_errors import Refusal
from daemon.sandbox.hh_search import DEEPEST, ORDERS, VacancySearch, read_number, read_paging
from daemon.sandbox.hh_views import Views, write_date

if TYPE_CHECKING:
    from .conftest import Board


async def found(board: Board, **query: Any) -> list[Any]:
    """Vacancies of the corpus that a search finds, all pages of it."""
    board.rules.is_anonymous_search_open = True
    ids: list[str] = []
    for page in range(20):
        body = await board.json("/vacancies", **query, per_page=100, page=page)
        ids += [item["id"] for item in body["items"]]
        if page + 1 >= body["pages"]:
            break
    assert len(ids) == len(set(ids)) == body["found"]
    return [board.state.vacancies[number] for number in ids]


async def test_text_is_looked_for_in_title_employer_and_description(board: Board):
    by_title = await found(board, text="NAME:сварщик")
    assert {vacancy.trade for vacancy in by_title} == {"welder"}
    by_employer = await found(board, text="COMPANY_NAME:кедр")
    assert {vacancy.employer.name for vacancy in by_employer} == {"Кедр Софт"}
    assert len(await found(board, text="тахографом")) > 5


async def test_search_fields_narrow_the_text(board: Board):
    everywhere = await found(board, text="python")
    titles = await found(board, text="python", search_field="name")
    assert 0 < len(titles) < len(everywhere)
    assert all("python" in vacancy.title.lower() for vacancy in titles)
    assert await found(board, text="python", search_field=["company_name"]) == []


async def test_key_skills_are_found_too(board: Board):
    assert any("ClickHouse" in vacancy.skills for vacancy in await found(board, text="clickhouse"))


async def test_anonymous_employer_is_not_found_by_name(board: Board):
    hidden = board.state.vacancies[board.trapped("anonymous")]
    results = await found(board, text=f'COMPANY_NAME:"{hidden.employer.name}"')
    assert hidden not in results


async def test_area_takes_cities_and_whole_countries(board: Board):
    assert {v.area.area_id for v in await found(board, area="160")} == {"160"}
    assert {v.area.area_id for v in await found(board, area=["1", "2"])} == {"1", "2"}
    assert {v.area.area_id for v in await found(board, area="40")} == {"159", "160"}
    russia = {v.area.area_id for v in await found(board, area="113")}
    assert "1" in russia
    assert "160" not in russia


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("experience", "between1And3"),
        ("schedule", "remote"),
        ("employment", "part"),
        ("work_format", "REMOTE"),
    ],
)
async def test_kinds_are_filtered(board: Board, name: str, value: str):
    results = await found(board, **{name: value})
    assert {getattr(vacancy, name) for vacancy in results} == {value}
    assert len(results) < len(board.state.vacancies)


async def test_kinds_may_be_repeated(board: Board):
    results = await found(board, experience=["noExperience", "moreThan6"])
    assert {vacancy.experience for vacancy in results} == {"noExperience", "moreThan6"}


async def test_role_and_employer_are_filtered(board: Board):
    assert {v.trade for v in await found(board, professional_role="18")} == {"accountant"}
    employer_id = next(v.employer.employer_id for v in board.state.vacancies.values() if not v.traps)
    assert {v.employer.employer_id for v in await found(board, employer_id=employer_id)} == {employer_id}
    others = await found(board, excluded_employer_id=employer_id)
    assert employer_id not in {v.employer.employer_id for v in others}


async def test_salary_keeps_those_who_pay_enough_or_do_not_say(board: Board):
    results = await found(board, salary=300_000)
    assert any(vacancy.pay is None for vacancy in results)
    assert all(v.pay is None or v.pay.currency != "RUR" or (v.pay.upper or 10**9) >= 300_000 for v in results)
    strict = await found(board, salary=300_000, only_with_salary="true")
    assert 0 < len(strict) < len(results)
    assert all(vacancy.pay for vacancy in strict)


async def test_salary_is_compared_across_currencies(board: Board):
    in_dollars = {v.vacancy_id for v in await found(board, salary=2500, currency="USD", only_with_salary="true")}
    in_roubles = {v.vacancy_id for v in await found(board, salary=200_000, currency="RUR", only_with_salary="true")}
    assert in_dollars == in_roubles
    assert any(board.state.vacancies[number].pay.currency == "KZT" for number in in_dollars)


async def test_excluded_words_are_not_found(board: Board):
    results = await found(board, text="NAME:python", excluded_text="ведущий, senior, payments of souls")
    assert results
    assert not any("ведущий" in v.title.lower() or "senior" in v.title.lower() for v in results)


async def test_period_counts_days_from_now(board: Board):
    results = await found(board, period=3)
    now = board.clock.now()
    assert 0 < len(results) < len(board.state.vacancies)
    assert all(now - board.state.published_at(vacancy) <= 3 * DAY for vacancy in results)


async def test_dates_bound_both_sides(board: Board):
    now = board.clock.now()
    week, day = write_date(now - 7 * DAY), write_date(now - DAY)
    results = await found(board, date_from=week, date_to=day)
    assert results
    ages = [now - board.state.published_at(vacancy) for vacancy in results]
    assert max(ages) <= 7 * DAY + 300_000
    assert min(ages) >= DAY - 60_000
    assert len(await found(board, date_from=write_date(now)[:10])) < len(results) + 200


@pytest.mark.parametrize("order", ["salary_desc", "salary_asc"])
async def test_order_by_salary_puts_the_silent_last(board: Board, order: str):
    results = await found(board, text="NAME:бухгалтер", area="2", order_by=order)
    paid = [v.pay for v in results if v.pay]
    assert [v.pay is None for v in results] == sorted(v.pay is None for v in results)
    roubles = [((p.lower or p.upper or 0) + (p.upper or p.lower or 0)) / 2 for p in paid if p.currency == "RUR"]
    assert roubles == sorted(roubles, reverse=order == "salary_desc")


async def test_newest_come_first_by_publication_time(board: Board):
    ages = [vacancy.age_seconds for vacancy in await found(board, text="python", order_by="publication_time")]
    assert ages == sorted(ages)


async def test_relevance_puts_titles_with_the_words_first(board: Board):
    results = [v for v in await found(board, text="python разработчик") if not v.is_premium]
    hits = ["python" in v.title.lower() and "разработчик" in v.title.lower() for v in results]
    assert hits == sorted(hits, reverse=True)
    assert hits[0]
    assert not hits[-1]


async def test_pages_do_not_overlap_and_say_how_many(board: Board):
    board.rules.is_anonymous_search_open = True
    first = await board.json("/vacancies", text="python", page=0, per_page=20)
    second = await board.json("/vacancies", text="python", page=1, per_page=20)
    assert not {i["id"] for i in first["items"]} & {i["id"] for i in second["items"]}
    assert first["pages"] == -(-first["found"] // 20)
    beyond = await board.json("/vacancies", text="python", page=99, per_page=20)
    assert beyond["items"] == []
    assert (await board.json("/vacancies", text="python"))["per_page"] == 10


@pytest.mark.parametrize(
    ("query", "argument"),
    [
        ({"per_page": 101}, "per_page"),
        ({"per_page": 0}, "per_page"),
        ({"per_page": "many"}, "per_page"),
        ({"page": 20, "per_page": 100}, "page"),
        ({"page": -1}, "page"),
        ({"page": 2000, "per_page": 1}, "page"),
        ({"area": "Москва"}, "area"),
        ({"experience": "lots"}, "experience"),
        ({"schedule": "night"}, "schedule"),
        ({"employment": "any"}, "employment"),
        ({"work_format": "remote"}, "work_format"),
        ({"currency": "DOGE"}, "currency"),
        ({"salary": "100k"}, "salary"),
        ({"search_field": "body"}, "search_field"),
        ({"order_by": "luck"}, "order_by"),
        ({"period": "week"}, "period"),
        ({"period": 3, "date_from": "2026-01-01"}, "period"),
        ({"date_from": "yesterday"}, "date_from"),
        ({"date_to": "31.12.2026"}, "date_to"),
        ({"text": "x" * 3001}, "text"),
    ],
)
async def test_wrong_values_are_refused(board: Board, query: dict[str, Any], argument: str):
    board.rules.is_anonymous_search_open = True
    answer = await board.get("/vacancies", **query)
    body = orjson.loads(answer.body)
    assert (answer.status, body["bad_argument"], body["errors"][0]["type"]) == (400, argument, "bad_argument")


async def test_last_page_within_the_depth_is_served(board: Board):
    board.rules.is_anonymous_search_open = True
    assert (await board.get("/vacancies", page=DEEPEST // 100 - 1, per_page=100)).status == 200


async def test_unknown_parameters_are_ignored(board: Board):
    with_noise = await found(board, text="NAME:python", clusters="true", no_magic="true", colour="blue")
    assert with_noise == await found(board, text="NAME:python")


async def test_empty_values_are_as_if_not_given(board: Board):
    assert len(await found(board, text="", area="", salary="")) == len(board.state.vacancies)


async def test_found_words_are_marked_in_snippets(board: Board):
    board.rules.is_anonymous_search_open = True
    items = (await board.json("/vacancies", text="NAME:python", per_page=100))["items"]
    snippets = [s for item in items if item.get("snippet") for s in item["snippet"].values() if s]
    assert any("<highlighttext>Python</highlighttext>" in snippet for snippet in snippets)
    plain = (await board.json("/vacancies", per_page=100))["items"]
    assert "highlighttext" not in str(plain)


async def test_similar_vacancies_start_from_the_resume(board: Board):
    token = await board.token()
    body = await board.json(f"/resumes/{board.resume_id()}/similar_vacancies", token, per_page=100)
    trades = [board.state.vacancies[item["id"]].trade for item in body["items"]]
    assert trades.count("python") > 40


async def test_each_search_is_logged(board: Board):
    token = await board.token()
    await board.json("/vacancies", token, text="NAME:врач")
    line = board.logged("searched")[-1]
    assert (line["user"], line["found"] > 0) == ("10458821", True)


def test_numbers_and_pages_are_read():
    assert read_number({"salary": ("5",)}, "salary", 0) == 5
    assert read_number({}, "salary", 7) == 7
    assert read_paging({"page": ("2",)}) == (2, 10)
    assert read_paging({}, default=20) == (0, 20)


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "text": st.sampled_from(["python", "NAME:бухгалтер", "опыт NOT java", "водитель OR повар", '"базы данных"']),
        "area": st.sampled_from(["1", "2", "160", "113"]),
        "experience": st.sampled_from(["noExperience", "between1And3"]),
        "schedule": st.sampled_from(["remote", "fullDay"]),
        "work_format": st.sampled_from(["REMOTE", "ON_SITE"]),
        "salary": st.sampled_from(["60000", "250000"]),
        "only_with_salary": st.just("true"),
        "excluded_text": st.sampled_from(["senior", "опыт, ведущий"]),
        "period": st.sampled_from(["2", "14"]),
    },
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters=FILTERS, order=st.sampled_from(ORDERS))
def test_filters_together_find_what_each_alone_finds(board: Board, filters: dict[str, str], order: str):
    search = VacancySearch(board.state, Views(board.state))
    together = search.find({"order_by": (order,)} | {name: (value,) for name, value in filters.items()})
    alone = [{v.vacancy_id for v in search.find({name: (value,)})} for name, value in filters.items()]
    assert {v.vacancy_id for v in together} == set(board.state.vacancies).intersection(*alone)
    assert len({v.vacancy_id for v in together}) == len(together)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.dictionaries(
        st.sampled_from(
            ["text", "area", "page", "per_page", "salary", "currency", "period", "date_from", "order_by", "x"]
        ),
        st.text(max_size=12),
        max_size=4,
    )
)
def test_any_query_is_answered_or_refused_in_the_common_body(board: Board, query: dict[str, str]):
    search = VacancySearch(board.state, Views(board.state))
    try:
        answer = search.answer({name: (value,) for name, value in query.items()}, None)
    except Refusal as caught:
        refused = caught.answer
    else:
        refused = None
        assert answer["found"] >= len(answer["items"])
    assert refused is None or (refused.status == 400 and orjson.loads(refused.body)["bad_argument"] in query)


async def test_what_a_person_s_search_shows_is_told_to_the_log(board: Board):
    body = await board.json("/vacancies", token=await board.token(), text="python", per_page=5)
    (line,) = board.logged("vacancies_shown")
    assert line["vacancies"].split() == [item["id"] for item in body["items"]]
    board.rules.is_anonymous_search_open = True
    await board.json("/vacancies", text="python", per_page=50)
    assert len(board.logged("vacancies_shown")) == 1
