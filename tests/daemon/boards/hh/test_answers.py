"""What the shapes of hh.ru's answers let through and what they insist on."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from daemon.boards.hh.answers import (
    ErrorBody,
    MeBody,
    PageBody,
    ResumesByStatusBody,
    SalaryBody,
    TokenBody,
    VacancyBody,
)
from tests.daemon.boards.hh import bodies


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        (TokenBody, bodies.tokens()),
        (TokenBody, bodies.application_token()),
        (MeBody, bodies.me()),
        (PageBody, bodies.search_page(bodies.found_vacancy())),
        (PageBody, bodies.page(bodies.negotiation())),
        (ResumesByStatusBody, bodies.by_status()),
        (ErrorBody, bodies.error("negotiations", "limit_exceeded")),
        (VacancyBody, bodies.whole_vacancy()),
    ],
)
def test_official_examples_pass(shape: Any, body: Any) -> None:
    shape.model_validate(body)
    shape.model_validate({**body, "added_tomorrow": {"a": [1]}})


@pytest.mark.parametrize("body", [{}, {"already_applied": None}, {"already_applied": "x"}, {"suitable": []}])
def test_list_of_applied_resumes_is_never_guessed(body: Any) -> None:
    with pytest.raises(ValidationError):
        ResumesByStatusBody.model_validate(body)


@pytest.mark.parametrize("body", [{}, {"items": None}, {"items": {}}, {"items": "x"}])
def test_page_without_items_is_no_page(body: Any) -> None:
    with pytest.raises(ValidationError):
        PageBody.model_validate(body)


def test_flags_are_true_only_when_the_board_says_true() -> None:
    for value in (None, 0, 1, "true", "false", [], {}):
        assert not MeBody.model_validate({"is_applicant": value}).is_applicant
    assert MeBody.model_validate({"is_applicant": True}).is_applicant


def test_expiry_that_is_no_number_counts_as_not_given() -> None:
    body = {**bodies.tokens(), "expires_in": "soon", "refresh_token": None}
    tokens = TokenBody.model_validate(body)
    assert (tokens.expires_in, tokens.refresh_token) == (None, None)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "x", [], {}])
def test_salary_ends_that_are_no_numbers_are_open(value: Any) -> None:
    salary = SalaryBody.read({"from": value, "to": 5})
    assert salary is not None
    assert (salary.lower, salary.upper) == (None, 5)
