"""What the simulated board remembers, and its switches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.clock import DAY, HOUR

if TYPE_CHECKING:
    from .conftest import Board

SOKOLOVA_ID, TKACHENKO_ID = "10458821", "20733914"


def add(board: Board, number: int = 0, person_id: str = SOKOLOVA_ID) -> str:
    resume_id = board.state.people[person_id].resumes[0].resume_id
    vacancy_id = board.suitable(50)[number]
    return board.state.add_application(person_id, resume_id, vacancy_id, letter="", source="api").application_id


def test_people_are_found_by_login(board: Board):
    for login in ("M.Sokolova@example.com", " 10458821 "):
        person = board.state.person_by_login(login)
        assert person is not None
        assert person.last_name == "Соколова"
    assert board.state.person_by_login("") is None


def test_resume_is_found_with_its_person(board: Board):
    found = board.state.resume(board.resume_id())
    assert found is not None
    assert (found[0].person_id, found[1].title) == (SOKOLOVA_ID, "Python-разработчик")
    assert board.state.resume("none") is None


def test_secrets_differ_within_a_world_and_repeat_between_worlds(board: Board):
    secrets = {board.state.new_secret(12) for _ in range(200)}
    assert len(secrets) == 200
    assert all(len(secret) == 12 for secret in secrets)


def test_application_is_found_by_its_pair_only(board: Board):
    application_id = add(board)
    application = board.state.applications[application_id]
    assert board.state.find_application(application.resume_id, application.vacancy_id) is application
    assert board.state.find_application(board.resume_id(number=1), application.vacancy_id) is None


def test_window_of_a_day_rolls(board: Board):
    add(board, 0)
    board.clock.advance(HOUR / 1000)
    add(board, 1)
    assert board.state.used_in_window(SOKOLOVA_ID) == 2
    board.clock.advance((DAY - HOUR) / 1000)
    assert board.state.used_in_window(SOKOLOVA_ID) == 1
    board.clock.advance(HOUR / 1000)
    assert board.state.used_in_window(SOKOLOVA_ID) == 0


def test_sight_is_delayed_by_the_rule_in_force_now(board: Board):
    application_id = add(board)
    board.rules.visible_after_seconds = 10
    assert application_id not in {a.application_id for a in board.state.visible_applications(SOKOLOVA_ID)}
    board.clock.advance(10)
    assert application_id in {a.application_id for a in board.state.visible_applications(SOKOLOVA_ID)}


def test_employers_answer_is_logged_and_kept(board: Board):
    application_id = add(board)
    board.clock.advance(60)
    board.state.answer(application_id, "invitation", "Приходите завтра")
    application = board.state.applications[application_id]
    assert (application.state, application.is_viewed, application.updated_at) == ("invitation", True, board.clock.now())
    assert application.messages[-1][:2] == ("employer", "Приходите завтра")
    assert board.logged("employer_answered")[0]["state"] == "invitation"


def test_employers_are_silent_by_default(board: Board):
    application_id = add(board)
    board.clock.advance(10 * 86_400)
    board.state.advance_employers()
    assert board.state.applications[application_id].state == "response"


def test_employers_answer_by_themselves_when_told_to(board: Board):
    board.rules.employers_answer_after_seconds = 120
    made = [add(board, number) for number in range(30)]
    board.clock.advance(100)
    board.state.advance_employers()
    assert {board.state.applications[i].state for i in made} == {"response"}
    board.clock.advance(20)
    board.state.advance_employers()
    states = [board.state.applications[i].state for i in made]
    assert 2 <= states.count("invitation") <= 18
    assert states.count("invitation") + states.count("discard") == 30
    board.state.advance_employers()
    assert len(board.logged("employer_answered")) == 30


def test_past_applications_stay_as_they_are(board: Board):
    board.rules.employers_answer_after_seconds = 0
    board.state.advance_employers()
    assert board.logged("employer_answered") == []


def test_pace_is_counted_per_token(board: Board):
    board.rules.requests_per_second = 2
    assert [board.state.is_too_fast("a") for _ in range(3)] == [False, False, True]
    assert not board.state.is_too_fast("b")
    board.clock.advance(1)
    assert not board.state.is_too_fast("a")


def test_resume_is_raised_every_four_hours(board: Board):
    assert board.state.publish("r")
    board.clock.advance(4 * 3600 - 1)
    assert not board.state.publish("r")
    board.clock.advance(1)
    assert board.state.publish("r")


def test_next_refusals_queue_up(board: Board):
    board.state.refuse_next("wrong_state", times=2)
    board.state.refuse_next("limit_exceeded", 400)
    assert list(board.switches.next_refusals) == [(403, "wrong_state")] * 2 + [(400, "limit_exceeded")]


def test_unknown_captcha_is_not_solved(board: Board):
    board.state.require_captcha()
    assert not board.state.solve_captcha("unknown")
    assert board.switches.captcha_for == {"*"}


@pytest.mark.parametrize("person_id", [SOKOLOVA_ID, TKACHENKO_ID])
def test_log_facts_are_plain_values(board: Board, person_id: str):
    add(board, person_id=person_id)
    board.state.note_refused(person_id, "r", "v", letter="x", status=403, value="archived")
    for line in board.lines:
        assert all(isinstance(value, str | int | float | None) for value in line.values())


def test_publication_times_are_in_the_past_of_this_world(board: Board):
    for vacancy in board.state.vacancies.values():
        assert 0 < board.state.started_at - board.state.published_at(vacancy) <= 30 * DAY


def test_vacancy_is_told_as_shown_once_to_each_person(board: Board):
    board.state.note_shown(SOKOLOVA_ID, ["1", "2"])
    board.state.note_shown(SOKOLOVA_ID, ["2", "3"])
    board.state.note_shown(SOKOLOVA_ID, ["1"])
    board.state.note_shown(TKACHENKO_ID, ["1"])
    told = [(line["user"], line["vacancies"]) for line in board.logged("vacancies_shown")]
    assert told == [(SOKOLOVA_ID, "1 2"), (SOKOLOVA_ID, "3"), (TKACHENKO_ID, "1")]
