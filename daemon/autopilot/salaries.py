"""Pay as one short text that is the same in both languages: kept in `vacancies.salary`, shown on cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.boards.board import Salary

SIGNS = {"RUB": "₽", "USD": "$", "EUR": "€", "KZT": "₸", "GEL": "₾"}


def write_salary(salary: Salary | None) -> str | None:
    """`150 000–200 000 ₽`, `≥ 150 000 ₽`, `≤ 200 000 ₽`; None where nothing is named."""
    if salary is None or (salary.lower is None and salary.upper is None):
        return None
    sign = SIGNS.get(salary.currency, salary.currency)
    if salary.lower is not None and salary.upper is not None and salary.lower != salary.upper:
        return f"{_amount(salary.lower)}–{_amount(salary.upper)} {sign}"
    if salary.lower == salary.upper or salary.upper is None:
        amount = _amount(salary.lower or 0)
        return f"{amount} {sign}" if salary.upper is not None else f"≥ {amount} {sign}"
    return f"≤ {_amount(salary.upper)} {sign}"


def show_salary(written: str | None) -> str:
    """For a card's line."""
    return f"· {written}" if written else ""


def _amount(value: int) -> str:
    return f"{value:,}".replace(",", "\u00a0")
