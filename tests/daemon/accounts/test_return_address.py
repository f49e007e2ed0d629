"""Where the browser ended: read from what people really paste, and refused with the reason that helps."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.accounts.return_address import (
    RETURN_REASONS,
    ReturnAddress,
    ReturnRejected,
    parse_address,
    read_return,
    return_url,
)

OURS = "http://127.0.0.1:8080/oauth/hh/callback"
GOOD = f"{OURS}?code=C0DE&state=St4te-_"
EXPECTED = ReturnAddress("St4te-_", "C0DE", None)


def rejected(text: str, expected_url: str = OURS) -> str:
    with pytest.raises(ReturnRejected) as caught:
        parse_address(text, expected_url)
    assert caught.value.reason in RETURN_REASONS
    return caught.value.reason


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"  {GOOD}  \n",
        f"Вот адрес: {GOOD}",
        f"{GOOD}\nчто дальше?",
        f"<{GOOD}>",
        f"«{GOOD}».",
        GOOD.replace("127.0.0.1", "localhost"),
        GOOD.replace("http://", "HTTP://"),
        GOOD.replace("callback?", "callback/?"),
        f"{OURS}?state=St4te-_&code=C0DE&utm=1#top",
        GOOD[:45] + "\n" + GOOD[45:],
        GOOD[:50] + " \r\n " + GOOD[50:],
    ],
)
def test_pasted_address_is_read(text: str) -> None:
    assert parse_address(text, OURS) == EXPECTED


def test_refusal_of_the_person_is_read() -> None:
    assert parse_address(f"{OURS}?error=access_denied&state=s", OURS) == ReturnAddress("s", None, "access_denied")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("привет", "not_an_address"),
        ("", "not_an_address"),
        ("127.0.0.1:8080/oauth", "not_an_address"),
        ("http://[broken", "not_an_address"),
        ("https://hh.ru/", "wrong_address"),
        ("https://hh.ru/vacancy/1?code=a&state=b", "wrong_address"),
        ("https://hh.ru/oauth/authorize?response_type=code&client_id=1&state=x", "authorize_page"),
        ("http://evil.example/oauth/hh/callback?code=a&state=b", "wrong_address"),
        ("http://127.0.0.1:9999/oauth/hh/callback?code=a&state=b", "wrong_address"),
        ("http://127.0.0.1:8080@evil.example/oauth/hh/callback?code=a&state=b", "wrong_address"),
        ("http://127.0.0.1:8080/oauth/superjob/callback?code=a&state=b", "wrong_address"),
        (OURS, "no_state"),
        (f"{OURS}?code=a", "no_state"),
        (f"{OURS}?code=a&state=", "no_state"),
        (f"{OURS}?state=b", "no_code"),
        (f"{OURS}?state=b&code=", "no_code"),
    ],
)
def test_each_mistake_has_its_reason(text: str, reason: str) -> None:
    assert rejected(text) == reason


def test_public_address_with_a_path_is_kept() -> None:
    expected = return_url("https://jobs.example/aurora/", "hh")
    assert expected == "https://jobs.example/aurora/oauth/hh/callback"
    assert parse_address(f"{expected}?code=C0DE&state=St4te-_", expected) == EXPECTED
    assert rejected("https://jobs.example/oauth/hh/callback?code=a&state=b", expected) == "wrong_address"


def test_code_wins_over_error() -> None:
    assert read_return("s", "c", "access_denied") == ReturnAddress("s", "c", None)


@given(st.text(max_size=200) | st.text(alphabet="htp:/[]?=&%@127.0:8 \n", max_size=100).map("http://".__add__))
def test_any_text_is_borne(text: str) -> None:
    with contextlib.suppress(ReturnRejected):
        assert parse_address(text, OURS).state
