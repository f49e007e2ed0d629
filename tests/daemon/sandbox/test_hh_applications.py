"""Applications at the simulated board: every refusal as documented, lists, messages, limits and late sight."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from daemon.clock import DAY

from .conftest import SOKOLOVA, TKACHENKO, Board, refused_with

if TYPE_CHECKING:
    from daemon.sandbox.service import Response

VARGA, BELOUSOV, POLYAKOVA = "elena.varga@example.com", "anton.belousov@example.com", "vera.polyakova@example.com"
DOCUMENTED = [
    *(
        (400, v)
        for v in (
            "vacancy_not_found",
            "resume_not_found",
            "limit_exceeded",
            "resource_policy_violation",
            "inappropriate_language",
        )
    ),
    *(
        (403, v)
        for v in (
            "invalid_vacancy",
            "resume_not_found",
            "already_applied",
            "test_required",
            "resume_visibility_conflict",
        )
    ),
    *((403, v) for v in ("application_denied", "limit_exceeded", "wrong_state", "empty_message", "too_long_message")),
    *(
        (403, v)
        for v in (
            "inappropriate_language_message",
            "resource_policy_violation_message",
            "edit_forbidden",
            "address_not_found",
        )
    ),
    *(
        (403, v)
        for v in ("not_enough_purchased_services", "in_a_row_limit", "overall_limit", "no_invitation", "archived")
    ),
    *(
        (403, v)
        for v in (
            "message_cannot_be_empty",
            "disabled_by_employer",
            "resume_deleted",
            "chat_archived",
            "topic_archived",
        )
    ),
    (403, "chat_is_not_ready"),
]


def put(board: Board, vacancy_id: str, **changed: Any) -> str:
    """Changes a vacancy of this board."""
    board.state.vacancies = {**board.state.vacancies, vacancy_id: replace(board.state.vacancies[vacancy_id], **changed)}
    return vacancy_id


async def test_application_is_201_with_empty_body_and_location(board: Board):
    answer = await board.apply(await board.token(), board.suitable()[0])
    assert (answer.status, answer.body) == (201, b"")
    assert answer.headers["location"].startswith("/negotiations/4")


async def test_log_says_who_applied_with_what(board: Board):
    vacancy_id = board.suitable()[0]
    answer = await board.apply(await board.token(), vacancy_id, letter="Добрый день")
    line = board.logged("application_made")[0]
    assert line["application"] == answer.headers["location"].rpartition("/")[2]
    assert (line["user"], line["resume"], line["vacancy"]) == ("10458821", board.resume_id(), vacancy_id)
    assert (line["letter"], line["source"], line["at"]) == ("Добрый день", "api", board.clock.now())


async def test_same_resume_applies_once(board: Board):
    token, vacancy_id = await board.token(), board.suitable()[0]
    await board.apply(token, vacancy_id)
    assert refused_with(await board.apply(token, vacancy_id)) == (403, "already_applied")
    line = board.logged("application_refused")[0]
    assert (line["value"], line["status"], line["vacancy"]) == ("already_applied", 403, vacancy_id)


async def test_another_resume_applies_again_which_is_how_doubles_show(board: Board):
    token, vacancy_id = await board.token(), board.suitable()[0]
    await board.apply(token, vacancy_id)
    assert (await board.apply(token, vacancy_id, board.resume_id(number=1))).status == 201
    assert len(board.logged("application_made")) == 2


async def test_two_people_apply_to_one_vacancy(board: Board):
    vacancy_id = board.suitable()[0]
    await board.apply(await board.token(), vacancy_id)
    answer = await board.apply(await board.token(TKACHENKO), vacancy_id, board.resume_id(TKACHENKO))
    assert answer.status == 201


@pytest.mark.parametrize(
    ("trap", "expected"),
    [
        ("test", (403, "test_required")),
        ("archived", (403, "invalid_vacancy")),
        ("closed_for_applicants", (403, "application_denied")),
        ("answered", (403, "already_applied")),
    ],
)
async def test_traps_refuse_as_documented(board: Board, trap: str, expected: tuple[int, str]):
    assert refused_with(await board.apply(await board.token(), board.trapped(trap))) == expected
    assert board.logged("application_made") == []


async def test_direct_vacancy_leads_to_the_employers_site(board: Board):
    answer = await board.apply(await board.token(), board.trapped("direct"))
    assert (answer.status, answer.body) == (303, b"")
    assert answer.headers["location"].startswith("https://jobs.example.com/apply/")
    assert board.logged("application_made") == []
    assert [(line["status"], line["value"]) for line in board.logged("application_refused")] == [(303, "direct")]


async def test_vacancy_that_wants_a_letter_gets_one(board: Board):
    token, vacancy_id = await board.token(), board.trapped("letter")
    put(board, vacancy_id, employer=board.state.vacancies[board.suitable()[0]].employer)
    assert refused_with(await board.apply(token, vacancy_id, letter="  ")) == (403, "empty_message")
    assert (await board.apply(token, vacancy_id, letter="Здравствуйте")).status == 201


@pytest.mark.parametrize(
    ("letter", "value"),
    [
        ("а" * 10_001, "too_long_message"),
        ("Ваша вакансия — дерьмо", "inappropriate_language_message"),
        ("This is bullshit", "inappropriate_language_message"),
        ("Пишите: https://example.com/me", "resource_policy_violation_message"),
        ("Я тут: t.me/somebody", "resource_policy_violation_message"),
    ],
)
async def test_unfit_letters_are_refused(board: Board, letter: str, value: str):
    answer = await board.apply(await board.token(), board.suitable()[0], letter=letter)
    assert refused_with(answer) == (403, value)


async def test_longest_letter_passes(board: Board):
    assert (await board.apply(await board.token(), board.suitable()[0], letter="а" * 10_000)).status == 201


async def test_resume_of_somebody_else_is_not_found(board: Board):
    answer = await board.apply(await board.token(), board.suitable()[0], board.resume_id(TKACHENKO))
    assert refused_with(answer) == (400, "resume_not_found")


@pytest.mark.parametrize(("login", "number"), [(POLYAKOVA, 0), (BELOUSOV, 1)])
async def test_hidden_resume_is_refused(board: Board, login: str, number: int):
    answer = await board.apply(await board.token(login), board.suitable()[0], board.resume_id(login, number))
    assert refused_with(answer) == (403, "resume_not_found")


async def test_whitelisted_resume_can_not_answer_an_anonymous_employer(board: Board):
    vacancy_id = put(board, board.suitable()[0], kind="anonymous")
    token = await board.token(VARGA)
    answer = await board.apply(token, vacancy_id, board.resume_id(VARGA, 1))
    assert refused_with(answer) == (403, "resume_visibility_conflict")
    assert (await board.apply(token, vacancy_id, board.resume_id(VARGA))).status == 201


async def test_unknown_vacancy_is_not_found(board: Board):
    assert refused_with(await board.apply(await board.token(), "1")) == (400, "vacancy_not_found")


@pytest.mark.parametrize("missing", ["vacancy_id", "resume_id"])
async def test_missing_field_is_a_bad_argument(board: Board, missing: str):
    fields = {"vacancy_id": board.suitable()[0], "resume_id": board.resume_id(), "message": "x"}
    del fields[missing]
    answer = await board.post_multipart("/negotiations", await board.token(), fields)
    body = orjson.loads(answer.body)
    assert (answer.status, body["bad_argument"], body["bad_arguments"][0]["name"]) == (400, missing, missing)


async def test_application_must_be_multipart(board: Board):
    body = f"vacancy_id={board.suitable()[0]}&resume_id={board.resume_id()}".encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await board.ask("POST", "/negotiations", await board.token(), headers=headers, body=body)
    assert answer.status == 400
    assert orjson.loads(answer.body)["bad_argument"] == "vacancy_id"


async def test_letter_is_optional(board: Board):
    fields = {"vacancy_id": board.suitable()[0], "resume_id": board.resume_id()}
    assert (await board.post_multipart("/negotiations", await board.token(), fields)).status == 201


@pytest.mark.parametrize(("status", "value"), DOCUMENTED)
async def test_every_documented_refusal_can_be_called_up(board: Board, status: int, value: str):
    token, vacancy_id = await board.token(), board.suitable()[0]
    board.state.refuse_next(value, status)
    answer = await board.apply(token, vacancy_id)
    assert refused_with(answer) == (status, value)
    assert orjson.loads(answer.body)["errors"][0]["type"] == "negotiations"
    assert (await board.apply(token, vacancy_id)).status == 201


async def test_undocumented_refusal_of_a_neighbour_site_can_be_called_up(board: Board):
    board.state.refuse_next("applicant_visibility", 400)
    answer = await board.apply(await board.token(), board.suitable()[0])
    assert answer.status == 400
    assert "enable_applicant_visibility_in_country" in orjson.loads(answer.body)["description"]


@pytest.mark.parametrize("status", [400, 403])
async def test_limit_of_a_rolling_day_is_kept(board: Board, status: int):
    board.rules.applications_per_day = 3
    board.rules.limit_status = status
    token, (first, *rest) = await board.token(), board.suitable(5)
    await board.apply(token, first)
    board.clock.advance(3600)
    for vacancy_id in rest[:2]:
        assert (await board.apply(token, vacancy_id)).status == 201
    assert refused_with(await board.apply(token, rest[2])) == (status, "limit_exceeded")
    board.clock.advance(23 * 3600)
    assert (await board.apply(token, rest[2])).status == 201
    assert refused_with(await board.apply(token, rest[3])) == (status, "limit_exceeded")


async def test_limit_is_of_the_account_not_of_the_resume(board: Board):
    board.rules.applications_per_day = 1
    token, (first, second) = await board.token(), board.suitable(2)
    await board.apply(token, first)
    answer = await board.apply(token, second, board.resume_id(number=1))
    assert refused_with(answer) == (400, "limit_exceeded")


async def test_old_applications_do_not_count(board: Board):
    assert board.state.applications_of("10458821")
    assert board.state.used_in_window("10458821") == 0
    assert all(a.created_at <= board.state.started_at - DAY for a in board.state.applications_of("10458821"))


async def test_fresh_application_shows_after_its_delay(board: Board):
    board.rules.visible_after_seconds = 20
    token, vacancy_id = await board.token(), board.suitable()[0]
    await board.apply(token, vacancy_id)
    assert (await board.json("/negotiations", token, vacancy_id=vacancy_id))["found"] == 0
    status = await board.json(f"/vacancies/{vacancy_id}/resumes_by_status", token)
    assert (status["counters"]["already_applied"], status["counters"]["suitable"]) == (0, 2)
    assert refused_with(await board.apply(token, vacancy_id)) == (403, "already_applied")
    board.clock.advance(20)
    assert (await board.json("/negotiations", token, vacancy_id=vacancy_id))["found"] == 1
    status = await board.json(f"/vacancies/{vacancy_id}/resumes_by_status", token)
    assert [resume["id"] for resume in status["already_applied"]] == [board.resume_id()]


async def test_list_is_newest_first_and_paged(board: Board):
    token = await board.token()
    ids = board.suitable(5)
    for vacancy_id in ids:
        await board.apply(token, vacancy_id)
        board.clock.advance(5)
    first = await board.json("/negotiations", token, per_page=2, status="response", order_by="created_at")
    assert [item["vacancy"]["id"] for item in first["items"]] == [ids[4], ids[3]]
    assert first["pages"] == -(-first["found"] // 2)
    oldest = await board.json("/negotiations", token, order="asc", order_by="created_at", per_page=100)
    assert oldest["items"][-1]["vacancy"]["id"] == ids[4]


async def test_list_is_filtered_by_state(board: Board):
    token = await board.token()
    made = [(await board.apply(token, v)).headers["location"].rpartition("/")[2] for v in board.suitable(3)]
    board.state.answer(made[0], "invitation", "Приходите в среду")
    board.state.answer(made[1], "discard")
    found = {
        s: (await board.json("/negotiations", token, status=s, per_page=100))["items"]
        for s in ("invitations", "discard", "active", "deleted")
    }
    assert [item["id"] for item in found["invitations"]] == [made[0]]
    assert [item["id"] for item in found["discard"]] == [made[1]]
    assert made[2] in {item["id"] for item in found["active"]}
    assert found["deleted"] == []
    updated = await board.json("/negotiations", token, has_updates="true")
    assert {item["id"] for item in updated["items"]} == {made[0], made[1]}


@pytest.mark.parametrize("query", [{"status": "x"}, {"order_by": "salary"}, {"per_page": "0"}, {"page": "-1"}])
async def test_list_refuses_wrong_values(board: Board, query: dict[str, str]):
    assert (await board.get("/negotiations", await board.token(), **query)).status == 400


async def test_application_has_its_documented_fields(board: Board):
    token, vacancy_id = await board.token(), board.suitable()[0]
    location = (await board.apply(token, vacancy_id)).headers["location"]
    body = await board.json(location, token)
    assert body["state"] == {"id": "response", "name": "Отклик"}
    assert (body["source"], body["hidden"], body["viewed_by_opponent"]) == ("NEGOTIATION", False, False)
    assert body["vacancy"]["id"] == vacancy_id
    assert body["resume"]["id"] == board.resume_id()
    assert body["url"].endswith(location)


async def test_application_of_somebody_else_is_not_found(board: Board):
    location = (await board.apply(await board.token(), board.suitable()[0])).headers["location"]
    answer = await board.get(location, await board.token(TKACHENKO))
    assert refused_with(answer) == (404, "topic_not_found")
    assert (await board.get("/negotiations/1", await board.token())).status == 404


async def invited(board: Board) -> tuple[str, str]:
    token = await board.token()
    location = (await board.apply(token, board.suitable()[0])).headers["location"]
    board.state.answer(location.rpartition("/")[2], "invitation", "Приходите")
    return token, f"{location}/messages"


async def test_conversation_shows_letter_and_answer(board: Board):
    token, path = await invited(board)
    items = (await board.json(path, token))["items"]
    assert [(m["author"]["participant_type"], m["text"]) for m in items] == [
        ("applicant", "Здравствуйте!"),
        ("employer", "Приходите"),
    ]


async def test_message_is_written_after_an_invitation_only(board: Board):
    token = await board.token()
    location = (await board.apply(token, board.suitable()[0])).headers["location"]
    answer = await board.post_multipart(f"{location}/messages", token, {"message": "Ну что?"})
    assert refused_with(answer) == (403, "no_invitation")
    board.state.answer(location.rpartition("/")[2], "invitation", "Приходите")
    answer = await board.post_multipart(f"{location}/messages", token, {"message": "Приду"})
    assert (answer.status, orjson.loads(answer.body)["text"]) == (201, "Приду")


async def test_message_may_be_urlencoded_too(board: Board):
    token, path = await invited(board)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await board.ask("POST", path, token, headers=headers, body=b"message=hello")
    assert answer.status == 201


async def test_five_messages_in_a_row_are_enough(board: Board):
    token, path = await invited(board)
    answers: list[Response] = [await board.post_multipart(path, token, {"message": f"№ {i}"}) for i in range(6)]
    assert [answer.status for answer in answers] == [201] * 5 + [403]
    assert refused_with(answers[5]) == (403, "in_a_row_limit")


async def test_empty_message_is_refused(board: Board):
    token, path = await invited(board)
    assert refused_with(await board.post_multipart(path, token, {"message": " "})) == (403, "message_cannot_be_empty")
    assert (await board.ask("POST", path, token, body=b"?")).status == 400


async def test_withdrawn_application_is_hidden(board: Board):
    token = await board.token()
    application_id = (await board.apply(token, board.suitable()[0])).headers["location"].rpartition("/")[2]
    assert (await board.ask("DELETE", f"/negotiations/active/{application_id}", token)).status == 204
    listed = await board.json("/negotiations", token, status="deleted")
    assert [item["id"] for item in listed["items"]] == [application_id]
    answer = await board.ask("DELETE", f"/negotiations/active/{application_id}", token)
    assert refused_with(answer) == (403, "wrong_state")


async def test_resumes_are_grouped_for_a_vacancy(board: Board):
    vacancy_id = put(board, board.suitable()[0], kind="anonymous")
    body = await board.json(f"/vacancies/{vacancy_id}/resumes_by_status", await board.token(VARGA))
    assert [r["id"] for r in body["suitable"]] == [board.resume_id(VARGA)]
    assert [r["id"] for r in body["unavailable"]] == [board.resume_id(VARGA, 1)]
    hidden = await board.json(f"/vacancies/{vacancy_id}/resumes_by_status", await board.token(POLYAKOVA))
    assert hidden["counters"] == {"suitable": 0, "already_applied": 0, "not_published": 1, "unavailable": 0}


async def test_suitable_resumes_are_those_not_used_yet(board: Board):
    token, vacancy_id = await board.token(SOKOLOVA), board.suitable()[0]
    path = f"/vacancies/{vacancy_id}/suitable_resumes"
    assert (await board.json(path, token))["found"] == 2
    await board.apply(token, vacancy_id)
    assert [r["id"] for r in (await board.json(path, token))["items"]] == [board.resume_id(number=1)]


async def test_blacklisted_employer_would_take_the_application(board: Board):
    """Only the product's own screening keeps people away from those they wrote off."""
    hated = next(v for v in board.state.vacancies.values() if v.employer.is_blacklisted and not v.traps)
    assert (await board.apply(await board.token(), hated.vacancy_id)).status == 201
