"""Names and contacts: gone before a model reads, back afterwards."""

from __future__ import annotations

import pytest

from daemon.autopilot.contacts import EMAIL, HANDLE, LINK, PHONE, full_name, mask, strip_contacts
from tests.fakes.board import make_resume

PHONES = ["+7 926 222-22-22", "8 (926) 222-22-22", "89262222222", "+7(926)2222222", "926-222-22-22"]
LINKS = ["https://example.org/x?y=1", "www.site.com", "t.me/somebody", "github.com/ivan", "portfolio.ru", "ivan.dev/cv"]


@pytest.mark.parametrize("phone", PHONES)
def test_phones_are_recognised(phone: str) -> None:
    assert PHONE.search(f"звоните {phone}, спасибо")


@pytest.mark.parametrize("text", ["с 2019 по 2023 год", "150 000 рублей", "1234567890123456", "ISO 9001:2015", "24/7"])
def test_ordinary_numbers_are_no_phones(text: str) -> None:
    assert not PHONE.search(text)


@pytest.mark.parametrize("link", LINKS)
def test_links_are_recognised(link: str) -> None:
    assert LINK.search(f"смотрите {link} пожалуйста")


@pytest.mark.parametrize("text", ["ASP.NET и .NET", "Node.js, Vue.js", "Socket.IO", "т.е. так", "v3.11"])
def test_technologies_are_no_links(text: str) -> None:
    assert not LINK.search(text)


def test_handle_is_no_part_of_mail() -> None:
    assert HANDLE.search("пишите @ivan_petrov")
    assert not HANDLE.search("ivan@example")
    assert EMAIL.search("ivan.p+jobs@mail.example.com")


def test_nothing_of_the_person_is_left_for_the_model() -> None:
    resume = make_resume(
        first_name="Иван",
        last_name="Петров",
        contacts=("Telegram: petrov", "+7 926 222-22-22"),
        text="Петров Иван. Рекомендация для Петрова Ивана. ivan@example.com, +7 926 222-22-22, t.me/petrov, @petrov_dev. "
        "Telegram: petrov. Разработчик.",
    )
    text = mask(resume.text, resume).text.casefold()
    for trace in ("петров", "иван", "ivan", "926", "t.me", "@", "telegram: petrov"):
        assert trace not in text
    assert "разработчик" in text


def test_marks_turn_back_into_originals() -> None:
    resume = make_resume(text="Почта ivan@example.com и снова ivan@example.com")
    masked = mask(resume.text, resume)
    assert masked.text == "Почта [[CONTACT_1]] и снова [[CONTACT_1]]"
    assert masked.restore("Пишите: [[CONTACT_1]]. [[NAME]]") == "Пишите: ivan@example.com. Иван Иванов"


@pytest.mark.parametrize("form", ["Мария", "Марии", "Марию", "Марией"])
def test_names_are_masked_in_every_case(form: str) -> None:
    resume = make_resume(first_name="Мария", last_name="Ли", text=f"Спросите {form} о стаже")
    assert form not in mask(resume.text, resume).text


def test_person_without_name_has_no_mark() -> None:
    resume = make_resume(first_name="", last_name="", contacts=(), text="Повар")
    masked = mask(resume.text, resume)
    assert (masked.text, masked.originals, full_name(resume)) == ("Повар", (), "")


def test_word_that_only_begins_like_the_name_stays() -> None:
    resume = make_resume(first_name="Рома", last_name="Роман", text="Романтика и роман")
    assert "Романтика" in mask(resume.text, resume).text


def test_strangers_text_loses_contacts() -> None:
    stripped = strip_contacts("Звоните +7 926 222-22-22 или hr@firm.ru, анкета: https://forms.example/1, чат @firm_hr")
    assert not any(pattern.search(stripped) for pattern in (EMAIL, LINK, HANDLE, PHONE))
    assert stripped.startswith("Звоните")
