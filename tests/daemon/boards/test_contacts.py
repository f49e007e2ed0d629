"""Contacts are found wherever people write them, and taken out before a text goes anywhere."""

from __future__ import annotations

import pytest

from daemon.boards.contacts import MASK, find_contacts, hide_contacts


@pytest.mark.parametrize(
    "contact",
    [
        "+7 (926) 222-22-22",
        "8 926 222 22 22",
        "89262222222",
        "+79262222222",
        "+375 29 123-45-67",
        "+49 (0) 151 1234 5678",
        "ivan.ivanov+work@mail.example.ru",
        "https://ivan.example/cv?x=1",
        "www.ivan.example",
        "t.me/ivan_dev",
        "vk.com/id12345",
        "github.com/ivan",
        "@ivan_dev",
    ],
)
def test_contacts_are_found_in_running_text(contact: str) -> None:
    text = f"Пишите мне: {contact}, отвечу быстро."
    assert find_contacts(text) == (contact,)
    assert contact not in hide_contacts(text)
    assert hide_contacts(text).startswith(f"Пишите мне: {MASK}")


@pytest.mark.parametrize(
    "text",
    [
        "Python 3.11, 2019-2024, 1С:8.3",
        "зарплата 150 000 - 200 000 руб.",
        "ГОСТ 34.602-89",
        "a@b",
        "почта без адреса @ работе",
    ],
)
def test_ordinary_text_has_none(text: str) -> None:
    assert find_contacts(text) == ()
    assert hide_contacts(text) == text


def test_contacts_come_once_in_their_order() -> None:
    text = "ivan@example.com, +7 926 222-22-22, ещё раз ivan@example.com"
    assert find_contacts(text) == ("ivan@example.com", "+7 926 222-22-22")


def test_known_contacts_are_hidden_literally() -> None:
    known = ("Санкт-Петербург, Наличная 9", "Наличная", " ")
    assert hide_contacts("Живу: Санкт-Петербург, Наличная 9.", known) == f"Живу: {MASK}."
