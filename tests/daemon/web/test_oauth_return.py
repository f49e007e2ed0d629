"""The return from the board's login: each outcome has its page, in the browser's language, with the way back."""

from __future__ import annotations

import pytest

from daemon.web.oauth_return import ReturnOutcome, choose_language
from tests.daemon.web.http import Claims, fetch, open_door

STATUSES = {"accepted": 200, "refused": 200, "unknown": 404, "expired": 410, "used": 410, "trouble": 503}


async def test_return_reaches_the_dialog():
    claims = Claims()
    async with open_door(claims=claims) as door:
        reply = await fetch(door.port, "/oauth/hh/callback?state=s1&code=c%2B1")
        assert reply.status == 200
    assert claims.seen == [("s1", "c+1", None)]


async def test_refusal_at_the_board_reaches_the_dialog():
    claims = Claims(ReturnOutcome.REFUSED)
    async with open_door(claims=claims) as door:
        reply = await fetch(door.port, "/oauth/hh/callback?state=s1&error=access_denied")
        assert (reply.status, "/connect" in reply.text) == (200, True)
    assert claims.seen == [("s1", None, "access_denied")]


@pytest.mark.parametrize("outcome", list(ReturnOutcome))
@pytest.mark.parametrize("language", ["ru", "en"])
async def test_each_outcome_has_its_page(outcome, language):
    async with open_door(claims=Claims(outcome)) as door:
        reply = await fetch(door.port, "/oauth/hh/callback?state=s&code=c", headers=[f"accept-language: {language}"])
    assert reply.status == STATUSES[outcome.value]
    assert f'lang="{language}"' in reply.text
    assert "https://t.me/our_bot" in reply.text
    assert "web." not in reply.text
    assert "{" not in reply.text.partition("<h1>")[2]


async def test_pages_differ():
    pages = set()
    for outcome in ReturnOutcome:
        async with open_door(claims=Claims(outcome)) as door:
            pages.add((await fetch(door.port, "/oauth/hh/callback?state=s&code=c")).text)
    assert len(pages) == len(ReturnOutcome)


@pytest.mark.parametrize(
    "query", ["", "?state=s", "?code=c", "?state=&code=c", f"?state={'s' * 300}&code=c", f"?state=s&code={'c' * 5000}"]
)
async def test_incomplete_return_is_unknown_and_asks_nobody(query):
    claims = Claims()
    async with open_door(claims=claims) as door:
        assert (await fetch(door.port, f"/oauth/hh/callback{query}")).status == 404
    assert claims.seen == []


async def test_trouble_of_the_store_is_said_so(logged):
    async with open_door(claims=Claims(OSError("disk"))) as door:
        reply = await fetch(door.port, "/oauth/hh/callback?state=s&code=canary-code")
    assert reply.status == 503
    assert "canary-code" not in repr(logged) + reply.text


async def test_page_without_bot_has_no_link():
    async with open_door(link=None) as door:
        assert "<a " not in (await fetch(door.port, "/oauth/hh/callback?state=s&code=c")).text


async def test_nothing_of_the_address_is_on_the_page():
    async with open_door(claims=Claims(ReturnOutcome.UNKNOWN)) as door:
        reply = await fetch(door.port, "/oauth/hh/callback?state=%3Cscript%3E&code=canary")
    assert "script" not in reply.text
    assert "canary" not in reply.text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "ru"),
        ("en-US,en;q=0.9,ru;q=0.8", "en"),
        ("de-DE,de;q=0.9,en;q=0.7", "en"),
        ("ru-RU", "ru"),
        ("uk,fr", "ru"),
        (";;;,,,", "ru"),
        ("x" * 10_000, "ru"),
    ],
)
def test_language_follows_the_browser(header, language):
    assert choose_language(header) == language
