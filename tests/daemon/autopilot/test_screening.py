"""Each rule of screening, and the order in which they speak."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.autopilot.screening import (
    ModelScreener,
    SeenVacancy,
    find_excluded_word,
    find_reason,
    is_repost,
    pays_too_little,
)
from daemon.autopilot.wishes import SearchWishes
from daemon.boards.board import Salary
from daemon.i18n.translate import Texts
from daemon.outbox.message import Text
from store.ids import UserId
from tests.fakes.board import make_resume, make_vacancy
from tests.fakes.hunting import ScriptedAsker

if TYPE_CHECKING:
    from typing import Any

NONE = SearchWishes()


def test_ordinary_vacancy_fits() -> None:
    assert find_reason(make_vacancy(), NONE) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"is_answered": True}, "already_answered"),
        ({"is_blacklisted": True}, "blacklisted"),
        ({"is_archived": True}, "archived"),
        ({"is_closed_for_applicants": True}, "closed"),
        ({"has_test": True}, "test_required"),
        ({"is_direct": True}, "direct"),
        ({"title": "Стажёр отдела"}, "excluded_word"),
        ({"salary": Salary(None, 50_000, "RUB", None)}, "low_salary"),
        ({"employer_id": "e9"}, "blacklisted"),
        ({"employer": "ООО «Рога и Копыта»"}, "blacklisted"),
        ({"is_answered": True, "is_archived": True, "has_test": True}, "already_answered"),
        ({"is_archived": True, "has_test": True}, "archived"),
    ],
)
def test_each_rule_gives_its_reason(changes: dict[str, Any], reason: str) -> None:
    wishes = SearchWishes(words=("стажер",), employer_ids=("e9",), employers=("Рога и копыта",), lowest_salary=100_000)
    assert find_reason(make_vacancy("1", **changes), wishes) == reason
    for language in ("ru", "en"):
        assert "autopilot." not in Texts.load().plain(Text(f"autopilot.reason.{reason}"), language)


@pytest.mark.parametrize(
    ("word", "text", "is_found"),
    [
        ("стажер", "Ищем стажёра", False),
        ("стажер", "Стажёр, удалённо", True),
        ("стаж*", "Стажировка оплачивается", True),
        ("стажировка", "интернатура", False),
        ("холодные звонки", "Холодные\n  звонки каждый день", True),
        ("C++", "Нужен C++, не C", True),
        ("C", "Нужен C++", True),
        ("java", "JavaScript", False),
        (".*", "что угодно", False),
        ("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa!", False),
        ("продаж*", "без продаж", True),
        ("1С", "Знание 1С:Бухгалтерия", True),
    ],
)
def test_words_are_whole_words_and_never_patterns(word: str, text: str, is_found: bool) -> None:
    wishes = SearchWishes(words=(word,))
    assert (find_excluded_word(make_vacancy("1", title="Т", summary="", text=text), wishes) == word) is is_found


def test_words_are_looked_for_in_title_text_and_skills() -> None:
    wishes = SearchWishes(words=("bitrix",))
    for changes in ({"title": "Bitrix"}, {"text": "на Bitrix"}, {"summary": "Bitrix"}, {"skills": ("Bitrix",)}):
        assert find_reason(make_vacancy("1", **changes), wishes) == "excluded_word"


@pytest.mark.parametrize(
    ("salary", "too_little"),
    [
        (None, False),
        (Salary(50_000, None, "RUB", None), False),
        (Salary(None, 90_000, "RUB", None), True),
        (Salary(50_000, 120_000, "RUB", None), False),
        (Salary(None, 3_000, "USD", None), False),
        (Salary(None, 500, "USD", None), True),
        (Salary(None, 300_000, "KZT", None), True),
        (Salary(None, 10, "XXX", None), False),
        (Salary(None, None, "RUB", None), False),
    ],
)
def test_pay_is_compared_over_currencies(salary: Salary | None, too_little: bool) -> None:
    wishes = SearchWishes(lowest_salary=100_000)
    assert pays_too_little(make_vacancy("1", salary=salary), wishes) is too_little
    assert not pays_too_little(make_vacancy("1", salary=salary), NONE)


def test_repost_is_recognised_where_it_is_wanted() -> None:
    seen = [SeenVacancy("7", "Менеджер по продажам B2B", "ООО Агент")]
    repost = make_vacancy("8", title="Менеджер по продажам B2B!", employer="Агент")
    assert find_reason(repost, SearchWishes(skips_reposts=True), seen) == "repost"
    assert find_reason(repost, NONE, seen) is None
    assert not is_repost(make_vacancy("8", title="Бухгалтер", employer="Агент"), seen)
    assert not is_repost(make_vacancy("8", title="Менеджер по продажам B2B", employer="Другая"), seen)
    assert not is_repost(make_vacancy("8", title="Менеджер по продажам B2B", employer=""), seen)


@pytest.mark.parametrize(
    ("answers", "fits"),
    [
        ([{"fits": False, "reason": "another trade"}], False),
        ([{"fits": True, "reason": ""}], True),
        ([None], True),
        ([], True),
    ],
)
async def test_failing_model_lets_the_vacancy_through(answers: list[Any], fits: bool) -> None:
    async def may_ask(_: UserId) -> bool:
        return True

    screener = ModelScreener(ScriptedAsker(*answers), may_ask)
    wishes = SearchWishes(words=("ночные смены",))
    assert await screener.fits(UserId(1), make_resume(), make_vacancy(), wishes) is fits


async def test_model_is_not_asked_without_consent() -> None:
    async def may_ask(_: UserId) -> bool:
        return False

    asker = ScriptedAsker({"fits": False, "reason": ""})
    assert await ModelScreener(asker, may_ask).fits(UserId(1), make_resume(), make_vacancy(), NONE)
    assert asker.prompts == []
