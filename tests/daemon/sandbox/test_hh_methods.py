"""Methods of the simulated board around login, search and applications."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from daemon.sandbox.hh_applications import Applications
from daemon.sandbox.hh_errors import Refusal
from daemon.sandbox.hh_methods import Caller, HhMethods
from daemon.sandbox.hh_views import Views

from .conftest import TKACHENKO, refused_with

if TYPE_CHECKING:
    from .conftest import Board

DOCUMENTED = {
    ("GET", "/me"),
    ("GET", "/resumes/mine"),
    ("GET", "/resumes/{}"),
    ("POST", "/resumes/{}/publish"),
    ("GET", "/resumes/{}/status"),
    ("GET", "/resumes/{}/similar_vacancies"),
    ("GET", "/vacancies"),
    ("GET", "/vacancies/{}"),
    ("GET", "/vacancies/{}/suitable_resumes"),
    ("GET", "/vacancies/{}/resumes_by_status"),
    ("POST", "/negotiations"),
    ("GET", "/negotiations"),
    ("GET", "/negotiations/{}"),
    ("GET", "/negotiations/{}/messages"),
    ("POST", "/negotiations/{}/messages"),
    ("DELETE", "/negotiations/active/{}"),
    ("GET", "/dictionaries"),
    ("GET", "/areas"),
    ("GET", "/vacancies/blacklisted"),
    ("GET", "/employers/blacklisted"),
}


def test_every_documented_method_has_a_route_of_its_own(board: Board):
    views = Views(board.state)
    routes = HhMethods(board.state, views, Applications(board.state, views)).routes()
    # The first that fits answers: `/resumes/mine` comes before `/resumes/{id}`.
    taken = {
        next(r for r in routes if r.method == method and r.path.fullmatch(path.format("123")))
        for method, path in DOCUMENTED
    }
    assert taken == set(routes)


async def test_own_resume_is_shown_whole(board: Board):
    body = await board.json(f"/resumes/{board.resume_id()}", await board.token())
    assert body["title"] == "Python-разработчик"
    assert body["skill_set"][0] == "Python"
    assert "монолит" in body["experience"][0]["description"]


async def test_resume_of_somebody_else_is_not_found(board: Board):
    assert (await board.get(f"/resumes/{board.resume_id(TKACHENKO)}", await board.token())).status == 404
    assert (await board.get("/resumes/0", await board.token())).status == 404


async def test_resumes_are_paged(board: Board):
    token = await board.token()
    second = await board.json("/resumes/mine", token, page=1, per_page=1)
    assert [item["id"] for item in second["items"]] == [board.resume_id(number=1)]
    assert (second["found"], second["pages"]) == (2, 2)


async def test_person_without_resumes_has_an_empty_list(board: Board):
    body = await board.json("/resumes/mine", await board.token("nikita.orlov@example.com"))
    assert (body["found"], body["items"]) == (0, [])


async def test_unpublished_resume_says_so(board: Board):
    login = "vera.polyakova@example.com"
    token = await board.token(login)
    item = (await board.json("/resumes/mine", token))["items"][0]
    assert item["status"]["id"] == "not_published"
    status = await board.json(f"/resumes/{item['id']}/status", token)
    assert (status["finished"], status["status"]["id"]) == (False, "not_published")


async def test_resume_is_raised_once_in_four_hours(board: Board):
    token, path = await board.token(), f"/resumes/{board.resume_id()}/publish"
    assert (await board.ask("POST", path, token)).status == 204
    assert refused_with(await board.ask("POST", path, token)) == (429, "touch_limit_exceeded")
    hidden = "vera.polyakova@example.com"
    path = f"/resumes/{board.resume_id(hidden)}/publish"
    assert (await board.ask("POST", path, await board.token(hidden))).status == 400


async def test_unknown_vacancy_is_not_found_everywhere(board: Board):
    token = await board.token()
    for path in ("/vacancies/1", "/vacancies/1/resumes_by_status", "/vacancies/1/suitable_resumes"):
        answer = await board.get(path, token)
        assert answer.status == 404
        assert orjson.loads(answer.body)["errors"] == [{"type": "not_found"}]


async def test_vacancy_can_be_read_without_a_token_where_search_can(board: Board):
    path = f"/vacancies/{board.suitable()[0]}"
    assert (await board.get(path)).status == 403
    board.rules.is_anonymous_search_open = True
    assert (await board.json(path))["description"]


async def test_archived_vacancy_is_shown_as_such(board: Board):
    body = await board.json(f"/vacancies/{board.trapped('archived')}", await board.token())
    assert body["archived"] is True


async def test_blacklists_are_told(board: Board):
    token = await board.token()
    vacancies = await board.json("/vacancies/blacklisted", token)
    assert vacancies["found"] > 0
    employers = await board.json("/employers/blacklisted", token)
    hated = {v.employer.name for v in board.state.vacancies.values() if v.employer.is_blacklisted}
    assert {employer["name"] for employer in employers["items"]} == hated


async def test_dictionaries_and_areas_need_no_token(board: Board):
    assert (await board.json("/dictionaries"))["currency"]
    assert {area["id"] for area in await board.json("/areas")} == {"113", "40", "16"}


def test_caller_without_a_person_is_refused_where_one_is_needed():
    with pytest.raises(Refusal) as refusal:
        _ = Caller("token", None).person
    assert refusal.value.value == "user_auth_expected"
    assert Caller("token", None).person_id is None
