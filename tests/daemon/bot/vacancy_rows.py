"""Vacancies as rows, for tests of cards."""

from store.ids import BoardName, UserId, VacancyId
from store.tables.vacancies import VacancyRow


def make_row(vacancy_id, state, *, reason=None, changed_at=0, title=None, employer="ООО «Ромашка»", user_id=7):
    return VacancyRow(
        user_id=UserId(user_id),
        board=BoardName("hh"),
        vacancy_id=VacancyId(vacancy_id),
        state=state,
        reason=reason,
        title=title or f"Вакансия {vacancy_id}",
        employer_id="e1",
        employer=employer,
        salary=None,
        url=f"https://hh.ru/vacancy/{vacancy_id}",
        sealed_letter=None,
        found_at=changed_at,
        changed_at=changed_at,
    )
