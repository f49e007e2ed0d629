"""The chat page in a real Chromium: a newcomer, buttons, what the bot and the board show, on a wide and a narrow window."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager

import httpx2
import pytest
import trio

from daemon.clock import SystemClock
from daemon.sandbox.server import serve_on_loopback
from daemon.sandbox.telegram import WORLD_TOKEN
from daemon.sandbox.world import open_world
from tests.browser.chromium import find_or_install, open_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(
        find_or_install() is None and not os.environ.get("CI"),
        reason="Chromium is not installed (apt-get install chromium)",
    ),
]
KEYBOARD = {
    "inline_keyboard": [
        [{"text": "Годится", "callback_data": "ok", "style": "success"}, {"text": "Нет", "callback_data": "no"}],
        [{"text": "Открыть", "url": "http://127.0.0.1/vacancy/1"}],
    ]
}


@asynccontextmanager
async def open_chat(tmp_path, width=1300, height=850):
    """A world, a bot that is a bare HTTP client, and the page."""
    async with (
        open_world(SystemClock(), 1) as world,
        serve_on_loopback(world.service) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}/telegram/bot{WORLD_TOKEN}/", trust_env=False) as bot,
        open_page(tmp_path / "profile") as page,
    ):
        await page.open(f"http://127.0.0.1:{port}/", width, height)
        await page.until("document.readyState === 'complete' && typeof byId === 'function'")
        yield world, bot, page


async def join(page, name="Вера"):
    await page.until("document.querySelector('#newcomer button')")
    await page.run(f"document.querySelector('#newcomer input').value = {name!r}")
    await page.run("document.querySelector('#newcomer button').click()")
    await page.until("document.querySelector('.hint button')")


async def say(bot, person, text, **more):
    answer = await bot.post("sendMessage", json={"chat_id": person, "text": text, "parse_mode": "HTML", **more})
    assert answer.json()["ok"], answer.text


def kinds(world):
    return [act.get("what") for act in world.log.acts("update")]


async def test_newcomer_starts_and_presses(tmp_path):
    async with open_chat(tmp_path) as (world, bot, page):
        await join(page)
        await page.run("document.querySelector('.hint button').click()")
        await page.until("document.querySelectorAll('.message.is-mine').length === 1")
        person = next(iter(world.telegram.state.people))
        await say(bot, person, "<b>Жирно</b> &lt;i&gt;", reply_markup=KEYBOARD)
        await page.until("document.querySelector('.message:not(.is-mine) b')")
        assert await page.run(
            "document.querySelector('.message:not(.is-mine) .bubble').innerText.split('\\n')[0].startsWith('Жирно <i>')"
        )
        await page.run("document.querySelector('.rows button.success').click()")
        with trio.fail_after(10):
            while kinds(world) != ["message", "callback_query"]:
                await world.log.wait_beyond(world.log.last)


async def test_login_gets_a_window_and_a_vacancy_a_frame(tmp_path):
    async with open_chat(tmp_path) as (world, bot, page):
        await join(page)
        await page.run("document.querySelector('.hint button').click()")
        await page.until("document.querySelector('.message.is-mine')")
        person = next(iter(world.telegram.state.people))
        base = await page.run("location.origin")
        urls = (f"{base}/hh-site/oauth/authorize?state=s", f"{base}/hh-site/vacancy/1")
        rows = [[{"text": url, "url": url}] for url in urls]
        await say(bot, person, "ссылки", reply_markup={"inline_keyboard": rows})
        await page.until("document.querySelectorAll('.rows button').length === 2")
        await page.run("window.windows = []; window.open = (url) => { windows.push(url); return {}; }; 1")
        await page.run("document.querySelectorAll('.rows button')[0].click()")
        assert await page.run("windows") == [urls[0]]
        assert not await page.run("document.getElementById('page').open")
        await page.run("document.querySelectorAll('.rows button')[1].click()")
        assert await page.run("document.getElementById('page').open && document.getElementById('frame').src") == urls[1]


async def test_reply_keyboard_types_its_words(tmp_path):
    async with open_chat(tmp_path) as (world, bot, page):
        await join(page)
        await page.run("document.querySelector('.hint button').click()")
        await page.until("document.querySelector('.message.is-mine')")
        person = next(iter(world.telegram.state.people))
        await say(bot, person, "меню", reply_markup={"keyboard": [["Статус"]]})
        await page.until("document.querySelector('#keyboard button')")
        await page.run("document.querySelector('#keyboard button').click()")
        await page.until("document.querySelectorAll('.message.is-mine').length === 2")
        assert [act.get("text") for act in world.log.acts("update")] == ["/start", "Статус"]


async def test_board_shows_applications_as_they_come(tmp_path):
    async with open_chat(tmp_path) as (world, _, page):
        await page.until("document.querySelector('.tile b')")
        somebody = next(iter(world.hh.state.people.values()))
        vacancy = next(v for v in world.hh.state.vacancies.values() if v.is_suitable)
        for resume in somebody.resumes[:2]:
            world.hh.state.add_application(
                somebody.person_id, resume.resume_id, vacancy.vacancy_id, letter="Письмо", source="api"
            )
        await page.until("document.querySelectorAll('.application').length === 2")
        assert await page.run(
            "document.querySelector('.application summary').innerText.includes(" + repr(vacancy.title) + ")"
        )
        assert await page.run("document.querySelectorAll('.application.is-double').length") == 2
        assert await page.run("document.querySelectorAll('.tile.is-bad').length") == 1


async def test_narrow_window_shows_one_thing_at_a_time(tmp_path):
    async with open_chat(tmp_path, 400, 800) as (_, _, page):
        shown = "getComputedStyle(document.querySelector('{}')).display !== 'none'"
        assert await page.run(shown.format("main.chat"))
        assert not await page.run(shown.format("aside.board"))
        await page.run("document.querySelector('.to-board').click()")
        assert await page.run(shown.format("aside.board"))
        assert not await page.run(shown.format("main.chat"))
        assert await page.run("document.documentElement.scrollWidth <= innerWidth")


async def test_page_asks_only_its_own_world(tmp_path):
    async with open_chat(tmp_path) as (_, _, page):
        await page.until("document.querySelector('#live.is-on') || document.querySelector('.tile')")
        asked = await page.run("performance.getEntriesByType('resource').map(e => new URL(e.name).host)")
        assert set(asked) == {await page.run("location.host")}
