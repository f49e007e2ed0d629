"""The simulated site in a browser: letting an application in, saying no, captcha, and applying by hand."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from selectolax.lexbor import LexborHTMLParser

from daemon.sandbox.hh_login import describe_pay
from daemon.sandbox.service import ConnectionCut, Request, Response
from daemon.sandbox.vacancy import Pay

from .conftest import SOKOLOVA, Board


def page(answer: Response) -> LexborHTMLParser:
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return LexborHTMLParser(answer.body)


def returned(answer: Response) -> dict[str, list[str]]:
    assert answer.status == 302, answer.body.decode()
    return parse_qs(urlsplit(answer.headers["location"]).query)


async def test_first_button_of_the_login_page_lets_in(board: Board):
    tree = page(await board.visit(**board.authorize_query()))
    first = tree.css_first("button")
    assert first is not None
    assert (first.attributes["name"], first.attributes["value"]) == ("decision", "allow")
    people = [option.attributes["value"] for option in tree.css("option")]
    assert people[0] == SOKOLOVA
    assert len(people) >= 8


async def test_letting_in_returns_with_code_and_state(board: Board):
    answer = await board.visit(
        "POST", form={"login": SOKOLOVA, "decision": "allow"}, **board.authorize_query(state="сто=1")
    )
    assert answer.headers["location"].startswith(board.rules.redirect_uri + "?")
    assert returned(answer)["state"] == ["сто=1"]
    assert len(returned(answer)["code"][0]) == 64


async def test_saying_no_returns_with_access_denied(board: Board):
    answer = await board.visit("POST", form={"decision": "deny"}, **board.authorize_query())
    assert returned(answer) == {"error": ["access_denied"], "state": ["s1"]}


async def test_return_address_keeps_its_own_parameters(board: Board):
    query = board.authorize_query(redirect_uri="http://127.0.0.1:8080/oauth/hh/callback?bot=7")
    answer = await board.visit("POST", form={"login": SOKOLOVA, "decision": "allow"}, **query)
    assert returned(answer)["bot"] == ["7"]


async def test_registered_address_is_used_when_none_is_given(board: Board):
    query = board.authorize_query()
    del query["redirect_uri"]
    answer = await board.visit("POST", form={"login": SOKOLOVA, "decision": "allow"}, **query)
    assert answer.headers["location"].startswith(board.rules.redirect_uri)


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "unknown"},
        {"response_type": "token"},
        {"redirect_uri": "http://127.0.0.1:9999/oauth/hh/callback"},
        {"redirect_uri": "https://evil.example.org/"},
    ],
)
async def test_wrong_request_ends_on_the_site(board: Board, changed: dict[str, str]):
    answer = await board.visit(**board.authorize_query(**changed))
    assert answer.status == 400
    assert "location" not in answer.headers


async def test_unknown_login_stays_on_the_page(board: Board):
    answer = await board.visit(
        "POST", form={"login": "nobody@example.com", "decision": "allow"}, **board.authorize_query()
    )
    assert page(answer).css_first(".error") is not None


async def test_locked_account_is_told_on_the_page(board: Board):
    board.switches.account_trouble["10458821"] = "account is locked"
    answer = await board.visit("POST", form={"login": SOKOLOVA, "decision": "allow"}, **board.authorize_query())
    error = page(answer).css_first(".error")
    assert error is not None
    assert "заблокирован" in error.text()


async def test_chosen_person_can_be_hinted(board: Board):
    tree = page(await board.visit(**board.authorize_query(login_hint="31990245")))
    chosen = tree.css_first("option[selected]")
    assert chosen is not None
    assert chosen.text() == "Daniel Whitfield"
    board.rules.default_login = "olga.tkachenko@example.com"
    chosen = page(await board.visit(**board.authorize_query())).css_first("option[selected]")
    assert chosen is not None
    assert chosen.text() == "Ольга Ткаченко"


async def test_form_that_is_no_form_cuts_the_connection(board: Board):
    values = {name: (value,) for name, value in board.authorize_query().items()}
    with pytest.raises(ConnectionCut):
        await board.world.site.handle(Request("POST", "/oauth/authorize", values, {"content-type": "text/plain"}, b"?"))


async def test_old_token_address_on_the_site_refuses_in_its_own_style(board: Board):
    answer = await board.visit("POST", "/oauth/token", {"grant_type": "password"})
    assert (answer.status, orjson.loads(answer.body)["error"]) == (400, "unsupported_grant_type")


async def ask_for_captcha(board: Board) -> str:
    token = await board.token()
    board.state.require_captcha("10458821")
    answer = await board.get("/me", token)
    return parse_qs(urlsplit(orjson.loads(answer.body)["errors"][0]["captcha_url"]).query)["state"][0]


async def test_captcha_is_solved_by_a_press_and_leads_back(board: Board):
    state = await ask_for_captcha(board)
    shown = page(await board.visit(path="/account/captcha", state=state, backurl="https://t.me/aurora_bot"))
    assert shown.css_first("button") is not None
    answer = await board.visit(
        "POST", "/account/captcha", {"answer": "human"}, state=state, backurl="https://t.me/aurora_bot"
    )
    assert (answer.status, answer.headers["location"]) == (302, "https://t.me/aurora_bot")
    assert "10458821" not in board.switches.captcha_for
    assert board.logged("captcha_solved")


async def test_captcha_without_a_way_back_says_thanks(board: Board):
    state = await ask_for_captcha(board)
    for back in ("", "javascript:alert(1)"):
        board.state.captchas[state] = "10458821"
        answer = await board.visit("POST", "/account/captcha", {"answer": "human"}, state=state, backurl=back)
        assert answer.status == 200


async def test_old_captcha_is_not_found(board: Board):
    assert (await board.visit(path="/account/captcha", state="old")).status == 404


async def test_vacancy_page_shows_text_and_button(board: Board):
    vacancy_id = board.suitable()[0]
    tree = page(await board.visit(path=f"/vacancy/{vacancy_id}"))
    heading = tree.css_first("h1")
    assert heading is not None
    assert heading.text() == board.state.vacancies[vacancy_id].title
    assert tree.css_first("button") is not None
    assert len(tree.css("section li, section p")) > 5


async def test_person_applies_by_hand_once(board: Board):
    vacancy_id, form = board.suitable()[0], {"login": SOKOLOVA, "letter": "Здравствуйте!"}
    answer = await board.visit("POST", "/applicant/vacancy_response", form, vacancyId=vacancy_id)
    assert "Отклик отправлен" in answer.body.decode()
    again = await board.visit("POST", "/applicant/vacancy_response", form, vacancyId=vacancy_id)
    assert "уже откликались" in again.body.decode()
    lines = board.logged("application_made")
    assert [(line["source"], line["vacancy"], line["letter"]) for line in lines] == [
        ("site", vacancy_id, "Здравствуйте!")
    ]


async def test_test_does_not_stop_a_person_by_hand(board: Board):
    answer = await board.visit(
        "POST", "/applicant/vacancy_response", {"login": SOKOLOVA}, vacancyId=board.trapped("test")
    )
    assert answer.status == 200
    assert len(board.logged("application_made")) == 1


async def test_archived_vacancy_takes_no_hand_either(board: Board):
    vacancy_id = board.trapped("archived")
    assert "в архиве" in (await board.visit(path=f"/vacancy/{vacancy_id}")).body.decode()
    answer = await board.visit("POST", "/applicant/vacancy_response", {"login": SOKOLOVA}, vacancyId=vacancy_id)
    assert (answer.status, board.logged("application_made")) == (403, [])


async def test_person_without_a_resume_can_not_apply(board: Board):
    form = {"login": "nikita.orlov@example.com"}
    answer = await board.visit("POST", "/applicant/vacancy_response", form, vacancyId=board.suitable()[0])
    assert answer.status == 400


@pytest.mark.parametrize("path", ["/", "/vacancy/1", "/vacancy/x", "/applicant/vacancy_response", "/search"])
async def test_pages_that_are_not_there(board: Board, path: str):
    assert (await board.visit(path=path)).status == 404


async def test_titles_are_escaped_on_the_page(board: Board):
    from dataclasses import replace

    vacancy_id = board.suitable()[0]
    vacancies = dict(board.state.vacancies)
    vacancies[vacancy_id] = replace(vacancies[vacancy_id], title="<script>alert(1)</script>")
    board.state.vacancies = vacancies
    assert b"<script>alert" not in (await board.visit(path=f"/vacancy/{vacancy_id}")).body


@pytest.mark.parametrize(
    ("pay", "words"),
    [
        (None, "Уровень дохода не указан"),
        (Pay(100_000, None, "RUR", True), "от 100 000 RUR до вычета налогов"),
        (Pay(None, 2_500, "USD", False), "до 2 500 USD на руки"),
        (Pay(900, 1200, "EUR", None), "от 900 до 1 200 EUR"),
    ],
)
def test_pay_is_worded(board: Board, pay: Pay | None, words: str):
    from dataclasses import replace

    vacancy = replace(next(iter(board.state.vacancies.values())), pay=pay)
    assert describe_pay(vacancy).replace("\N{NO-BREAK SPACE}", " ") == words
