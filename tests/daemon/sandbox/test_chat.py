"""The chat page's server side: the page, people and their chats, the board's side."""

from __future__ import annotations

import re

import orjson
import pytest

from daemon.sandbox.chat import ChatPage, read_page
from daemon.sandbox.hh import build_hh
from daemon.sandbox.service import Request


@pytest.fixture
async def page(telegram, people, world_clock, world_log):
    def note(kind, **facts):
        world_log.note(kind, **facts)

    hh = build_hh(world_clock, 1, note)
    chat = ChatPage(telegram, people, hh.state, world_log)
    chat.board = hh.state
    return chat


async def ask(page, method, path, body=None):
    answer = await page.handle(Request(method, path, body=orjson.dumps(body) if body is not None else b""))
    return answer.status, orjson.loads(answer.body)


async def say(page, person, act, **body):
    return await ask(page, "POST", f"/chat/people/{person}/{act}", body)


@pytest.mark.parametrize("path", ["/", "/chat.css", "/chat.js", "/board.js", "/favicon.svg"])
async def test_the_page_is_served_from_the_package(page, path):
    answer = await page.handle(Request("GET", path))
    assert answer.status == 200
    assert answer.body


def test_the_page_asks_nobody_outside():
    for name in ("index.html", "chat.css", "chat.js", "board.js"):
        outside = re.findall(r"(?:https?:)?//(?!www\.w3\.org)[a-z0-9.]+\.[a-z]{2,}", read_page(name).decode())
        assert outside == [], name


async def test_a_newcomer_appears_in_the_list(page):
    status, made = await ask(page, "POST", "/chat/people", {"first_name": "  Вера ", "language": "en"})
    assert status == 201
    _, listed = await ask(page, "GET", "/chat/people")
    assert [(p["id"], p["name"], p["language"], p["last"]) for p in listed["people"]] == [
        (made["id"], "Вера", "en", "")
    ]


async def test_a_nameless_newcomer_is_a_guest(page):
    _, made = await ask(page, "POST", "/chat/people", {"first_name": "  "})
    assert (await ask(page, "GET", f"/chat/people/{made['id']}"))[1]["name"] == "Гость"


async def test_a_chat_shows_both_sides_with_buttons(page, bot, anna):
    keyboard = {"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]}
    await bot.call("sendMessage", chat_id=anna, text="<b>Да?</b>", parse_mode="HTML", reply_markup=keyboard)
    await bot.call("sendMessage", chat_id=anna, text="x", reply_markup={"keyboard": [["Статус"]]})
    _, chat = await ask(page, "GET", f"/chat/people/{anna}")
    assert [(m["text"], m["is_mine"]) for m in chat["messages"]] == [("/start", True), ("Да?", False), ("x", False)]
    assert chat["messages"][1]["rows"] == keyboard["inline_keyboard"]
    assert chat["messages"][1]["entities"][0]["type"] == "bold"
    assert chat["keyboard"] == [["Статус"]]


async def test_what_is_done_on_the_page_reaches_the_bot(page, bot, anna):
    keyboard = {"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]}
    sent = await bot.call("sendMessage", chat_id=anna, text="?", reply_markup=keyboard)
    await say(page, anna, "text", text="привет")
    await say(page, anna, "press", message=sent["message_id"], row=0, column=0)
    await say(page, anna, "sticker", emoji="🔥")
    await say(page, anna, "photo")
    await say(page, anna, "forward", text="чужое")
    await say(page, anna, "block")
    assert (await say(page, anna, "unblock"))[1]["is_blocked"] is False
    kinds = [next(k for k in update if k != "update_id") for update in await bot.call("getUpdates")]
    assert kinds == [
        "message",
        "message",
        "callback_query",
        "message",
        "message",
        "message",
        "my_chat_member",
        "my_chat_member",
    ]


async def test_a_sticker_is_shown_as_one(page, people, anna):
    people.send_sticker(anna, "🔥")
    message = (await ask(page, "GET", f"/chat/people/{anna}"))[1]["messages"][-1]
    assert (message["thing"], message["emoji"], message["text"]) == ("sticker", "🔥", "")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/chat/people/404/text", {"text": "x"}, 404),
        ("/chat/people/{anna}/dance", {}, 404),
        ("/chat/people/{anna}/text", {}, 400),
        ("/chat/people/{anna}/press", {"message": 999}, 400),
        ("/chat/people/{anna}/press", {"message": "x"}, 400),
        ("/nothing", {}, 404),
    ],
)
async def test_what_makes_no_sense_is_refused(page, anna, path, body, status):
    assert (await ask(page, "POST", path.format(anna=anna), body))[0] == status


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"x"'])
async def test_a_body_that_is_no_json_object_is_refused(page, body):
    assert (await page.handle(Request("POST", "/chat/people", body=body))).status == 400


async def test_the_boards_side_counts_what_arrived(page):
    person = next(iter(page.board.people.values()))
    vacancy = next(v for v in page.board.vacancies.values() if v.is_suitable)
    for resume in person.resumes[:2]:
        page.board.add_application(
            person.person_id, resume.resume_id, vacancy.vacancy_id, letter="Письмо", source="api"
        )
    _, side = await ask(page, "GET", "/chat/board")
    assert (side["applied"], side["duplicates"], side["refused"]) == (2, 1, 0)
    assert side["applications"][0]["title"] == vacancy.title
    assert side["applications"][0]["letter"] == "Письмо"


async def test_the_boards_owner_shuts_the_door_and_asks_for_captcha(page):
    assert (await ask(page, "POST", "/chat/board", {"is_closed": True, "asks_captcha": True}))[1]["is_closed"]
    assert page.board.switches.captcha_for
    _, side = await ask(page, "POST", "/chat/board", {"is_closed": False, "asks_captcha": False})
    assert (side["is_closed"], side["asks_captcha"]) == (False, False)


async def test_an_employer_answers_from_the_page(page):
    person = next(iter(page.board.people.values()))
    vacancy = next(v for v in page.board.vacancies.values() if v.is_suitable)
    made = page.board.add_application(
        person.person_id, person.resumes[0].resume_id, vacancy.vacancy_id, letter="", source="api"
    )
    _, side = await ask(page, "POST", "/chat/board", {"application": made.application_id, "state": "invitation"})
    assert side["applications"][0]["state"] == "invitation"
