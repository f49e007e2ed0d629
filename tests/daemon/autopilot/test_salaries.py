"""Pay in one short text for both languages."""

from __future__ import annotations

import pytest

from daemon.autopilot.salaries import show_salary, write_salary
from daemon.boards.board import Salary


@pytest.mark.parametrize(
    ("salary", "text"),
    [
        (None, None),
        (Salary(None, None, "RUB", None), None),
        (Salary(150_000, 200_000, "RUB", True), "150 000–200 000 ₽"),
        (Salary(150_000, None, "RUB", True), "≥ 150 000 ₽"),
        (Salary(None, 2_000, "USD", None), "≤ 2 000 $"),
        (Salary(1_000, 1_000, "EUR", None), "1 000 €"),
        (Salary(500_000, None, "UZS", None), "≥ 500 000 UZS"),
    ],
)
def test_pay_is_written_shortly(salary: Salary | None, text: str | None) -> None:
    written = write_salary(salary)
    assert (written.replace("\u00a0", " ") if written else written) == text


def test_card_without_pay_has_no_dot() -> None:
    assert show_salary(None) == ""
    assert show_salary("≥ 5 ₽") == "· ≥ 5 ₽"
