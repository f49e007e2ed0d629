"""Employers' HTML as readable text, whatever it holds, in bounded time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.boards.plain_text import MAX_TEXT_CHARS, plain_snippet, plain_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("Работа хороша", "Работа хороша"),
        ("<p>раз</p><p>два</p>", "раз\n\nдва"),
        ("раз<br>два<br/>три", "раз\nдва\nтри"),
        ("<p>Нужно:</p><ul><li>Python</li><li>SQL</li></ul>Ждём!", "Нужно:\n\n• Python\n• SQL\n\nЖдём!"),
        ("<ul><li><p>Python</p></li>\n\n<li>SQL</li></ul>", "• Python\n• SQL"),
        ("<ol><li>раз<ul><li>внутри</li></ul></li></ol>", "• раз\n• внутри"),
        ("<strong>жирно</strong> и <em>косо</em>", "жирно и косо"),
        ("a&nbsp;&mdash;&nbsp;b &lt;vector&gt; &amp; &#128578;", "a — b <vector> & 🙂"),
        ("<style>.x{color:red}</style><script>alert(1)</script>текст<template>нет</template>", "текст"),
        ("строка\nисходника<br>новая", "строка исходника\nновая"),
        ("<table><tr><td>a</td></tr><tr><td>b</td></tr></table>", "a\n\nb"),
        ("<p>не закрыт <b>совсем", "не закрыт совсем"),
        ("</p></div>лишние", "лишние"),
        ("<ul><li></li><li>  </li></ul>", ""),
        ("<!-- тайно -->видно", "видно"),
        ("2 < 3 и 5 > 4", "2 < 3 и 5 > 4"),
    ],
)
def test_html_becomes_text(html: str, text: str) -> None:
    assert plain_text(html) == text


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 50_000 + "x",
        "<b>" * 50_000 + "x",
        "<ul><li>" * 30_000,
        "<p>a</p>" * 50_000,
        "<" * 100_000,
        "&" * 100_000,
    ],
)
def test_hostile_nesting_takes_no_time(html: str) -> None:
    started = time.perf_counter()
    plain_text(html)
    assert time.perf_counter() - started < 0.25


def test_endless_text_is_cut() -> None:
    assert len(plain_text(f"<p>{'ж' * 100_000}</p>")) == MAX_TEXT_CHARS


@given(st.text(alphabet="<>/abpliu&;•\n \x00ж=\"'", max_size=80))
def test_any_text_is_borne(html: str) -> None:
    text = plain_text(html)
    assert text == text.strip()
    assert "\n\n\n" not in text


@pytest.mark.parametrize(
    ("snippet", "text"),
    [
        ("Знание <highlighttext>Python</highlighttext>, SQL", "Знание Python, SQL"),
        ("C&#43;&#43; &amp; Qt", "C++ & Qt"),
        ("две\n строки  и\tтаб", "две строки и таб"),
        ("a < b и c > d", "a < b и c > d"),
        ("", ""),
    ],
)
def test_snippets_become_one_line(snippet: str, text: str) -> None:
    assert plain_snippet(snippet) == text
