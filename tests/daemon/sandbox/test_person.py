"""The scripted person: first buttons, once each; the login page; the address pasted; patience with a page that is down."""

from __future__ import annotations

import random

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from daemon.sandbox.browser import Browser
from daemon.sandbox.person import Manners, ScriptedPerson
from daemon.sandbox.service import Response

LOGIN = b'<form method="post"><button name="decision" value="allow">ok</button><select name="login"><option value="x"></select></form>'


class Site:
    def __init__(self):
        self.asked = []
        self.is_down_for = 0

    async def fetch(self, method, url, headers, body):
        if self.is_down_for:
            self.is_down_for -= 1
            raise ConnectionError
        self.asked.append((method, url, body.decode()))
        if method == "POST":
            return Response(302, {"location": "http://127.0.0.1:2/back?code=c&state=s"})
        return Response(200, body=LOGIN if "authorize" in url else b"welcome back")


@pytest.fixture
async def site():
    return Site()


@pytest.fixture
async def start(people, world_log, site, nursery):
    async def start(stop_before="", **manners):
        person = people.add("Анна")
        scripted = ScriptedPerson(
            person.user_id,
            people,
            world_log,
            Browser(site.fetch, stop_before=stop_before),
            manners=Manners("anna@example.com", **manners),
            random_source=random.Random(1),
        )
        nursery.start_soon(scripted.live)
        await wait_all_tasks_blocked()
        return scripted

    return start


def buttons(*pairs):
    return {
        "inline_keyboard": [
            [{"text": text, **({"url": to} if "://" in to else {"callback_data": to})} for text, to in pairs]
        ]
    }


async def presses(bot):
    return [u["callback_query"]["data"] for u in await bot.call("getUpdates") if "callback_query" in u]


async def typed(bot):
    return [u["message"]["text"] for u in await bot.call("getUpdates") if "message" in u]


async def test_a_person_starts_and_presses_the_first_button(start, bot, autojump_clock):
    anna = await start()
    await bot.call("sendMessage", chat_id=anna.user_id, text="?", reply_markup=buttons(("Да", "yes"), ("Нет", "no")))
    await trio.sleep(1)
    assert await typed(bot) == ["/start"]
    assert await presses(bot) == ["yes"]
    assert anna.presses == 1


async def test_the_same_button_is_pressed_once(start, bot, autojump_clock):
    anna = await start()
    sent = await bot.call("sendMessage", chat_id=anna.user_id, text="a", reply_markup=buttons(("Да", "yes")))
    await trio.sleep(1)
    for text, markup in (("b", buttons(("Да", "yes"))), ("c", buttons(("Дальше", "next"))), ("d", None)):
        where = {"chat_id": anna.user_id, "message_id": sent["message_id"]}
        await bot.call("editMessageText", **where, text=text, reply_markup=markup)
        await trio.sleep(1)
    assert await presses(bot) == ["yes", "next"]


async def test_a_message_that_keeps_changing_is_left_alone_at_last(start, bot, autojump_clock):
    anna = await start(presses_per_message=2)
    sent = await bot.call("sendMessage", chat_id=anna.user_id, text="0", reply_markup=buttons(("0", "b0")))
    for n in range(1, 5):
        await trio.sleep(1)
        where = {"chat_id": anna.user_id, "message_id": sent["message_id"]}
        await bot.call("editMessageText", **where, text=str(n), reply_markup=buttons((str(n), f"b{n}")))
    await trio.sleep(1)
    assert await presses(bot) == ["b0", "b1"]


async def test_buttons_that_vanish_are_not_pressed(start, bot, autojump_clock):
    anna = await start(thinks_seconds=(2, 2))
    sent = await bot.call("sendMessage", chat_id=anna.user_id, text="0", reply_markup=buttons(("0", "b0")))
    await trio.sleep(1)
    await bot.call("deleteMessage", chat_id=anna.user_id, message_id=sent["message_id"])
    await trio.sleep(5)
    assert await presses(bot) == []


async def test_the_login_page_is_one_form_press(start, bot, site, autojump_clock):
    anna = await start()
    url = "http://127.0.0.1:1/hh-site/oauth/authorize?state=s"
    await bot.call("sendMessage", chat_id=anna.user_id, text="войдите", reply_markup=buttons(("Войти", url)))
    await trio.sleep(1)
    assert [(method, asked) for method, asked, _ in site.asked] == [
        ("GET", url),
        ("POST", url),
        ("GET", "http://127.0.0.1:2/back?code=c&state=s"),
    ]
    assert "login=anna%40example.com" in site.asked[1][2]


async def test_where_the_browser_cannot_go_the_address_is_pasted(start, bot, site, autojump_clock):
    anna = await start(stop_before="http://127.0.0.1:2/")
    url = "http://127.0.0.1:1/hh-site/oauth/authorize?state=s"
    await bot.call("sendMessage", chat_id=anna.user_id, text="войдите", reply_markup=buttons(("Войти", url)))
    await trio.sleep(1)
    assert (await typed(bot))[-1] == "http://127.0.0.1:2/back?code=c&state=s"


async def test_a_vacancys_page_is_only_looked_at(start, bot, site, autojump_clock):
    anna = await start()
    url = "http://127.0.0.1:1/hh-site/vacancy/5"
    await bot.call("sendMessage", chat_id=anna.user_id, text="v", reply_markup=buttons(("Открыть", url)))
    await trio.sleep(1)
    assert [method for method, _, _ in site.asked] == ["GET"]


async def test_a_page_that_is_down_is_tried_again(start, bot, site, autojump_clock):
    anna = await start()
    site.is_down_for = 2
    await anna.open_page("http://127.0.0.1:1/hh-site/vacancy/5")
    assert len(site.asked) == 1


async def test_another_machine_is_left_alone(start, site):
    anna = await start()
    await anna.open_page("https://example.com/")
    assert site.asked == []


async def test_what_is_asked_for_is_typed(start, bot, autojump_clock):
    anna = await start(replies=(("резюме", "Сварщик, 5 лет"), ("🔑", "/connect")))
    for text in ("Пришлите резюме", "Спасибо", "🔑 Войдите заново"):
        await bot.call("sendMessage", chat_id=anna.user_id, text=text)
        await trio.sleep(1)
    assert await typed(bot) == ["/start", "Сварщик, 5 лет", "/connect"]


async def test_words_are_said_after_so_much_news(start, bot, autojump_clock):
    anna = await start(says=((1, "/status"), (2, "/help")))
    for n in range(3):
        url = f"http://127.0.0.1:1/hh-site/vacancy/{n}"
        await bot.call("sendMessage", chat_id=anna.user_id, text=f"✅ {n}", reply_markup=buttons(("Открыть", url)))
        await trio.sleep(1)
    assert await typed(bot) == ["/start", "/status", "/help"]
