"""What is answered at once waits for nothing but the store and leaves the commit to others."""

from dataclasses import replace

import pytest
import trio

from daemon.bot.quick import QUICK
from daemon.bot.routes import ROUTES
from daemon.bot.services import Desk
from daemon.inbox.router import Incoming
from store.errors import StoreError
from store.write import NOTHING, Write
from telegram_client.types import Update

PERSON = {"id": 7, "is_bot": False, "first_name": "Аня"}
CHAT = {"id": 7, "type": "private"}


def message(text="/x", **fields):
    content = {"message_id": 1, "date": 0, "chat": CHAT, "from": PERSON, "text": text, **fields}
    return incoming_of({"update_id": 1, "message": content})


def press(data, user=PERSON):
    holder = {"message_id": 1, "date": 0, "chat": CHAT}
    return incoming_of({"update_id": 1, "callback_query": {"id": "9", "from": user, "message": holder, "data": data}})


def incoming_of(raw):
    update = Update.parse(raw)
    return Incoming("update:1", update.chat_id, update.user_id, 0, NOTHING, update=update)


def name_of(action):
    return f"{action.__module__.rpartition('.')[2]}.{action.__name__}"


@pytest.mark.parametrize("is_press", [False, True], ids=["message", "press"])
@pytest.mark.parametrize("has_hunt", [False, True], ids=["stranger", "hunter"])
@pytest.mark.parametrize("action", sorted(QUICK, key=name_of), ids=name_of)
async def test_quick_action_needs_only_the_store_and_commits_nothing(
    bot, action, has_hunt, is_press, monkeypatch, autojump_clock
):
    async with bot.running():
        if has_hunt:
            await bot.onboard()

    async def refuse(write):
        raise StoreError("a quick action wrote by itself")

    nobody = dict.fromkeys(("sessions", "resumes", "rights", "vault", "queries"))
    desk = Desk(replace(bot.services(), **nobody), None)
    monkeypatch.setattr(bot.store._database, "write", refuse)
    began = trio.current_time()
    write = await action(desk, press("x") if is_press else message(), "")
    assert isinstance(write, Write)
    assert write or not is_press  # a message that stands for no press causes nothing
    assert trio.current_time() == began


def test_quick_actions_are_on_the_page():
    page = {*ROUTES.commands.values(), *ROUTES.buttons.values(), ROUTES.edited, ROUTES.unknown_command, ROUTES.forged}
    assert not QUICK - page


@pytest.mark.parametrize("text", ["/help", "/HELP@aurora_bot now", "/nonsense", "/pause"])
async def test_command_is_found_to_be_quick(bot, text):
    async with bot.running():
        assert bot.router.find_quick_handler(message(text)) is not None


@pytest.mark.parametrize("text", ["/start", "/autopilot", "words", "/cancel"])
async def test_what_may_touch_a_dialog_is_not_quick(bot, text):
    async with bot.running():
        assert bot.router.find_quick_handler(message(text)) is None


async def test_press_is_quick_by_its_action(bot):
    async with bot.running():
        assert bot.router.find_quick_handler(press(bot.signer.sign(7, "status", ""))) is not None
        assert bot.router.find_quick_handler(press(bot.signer.sign(7, "autopilot", ""))) is None
        assert bot.router.find_quick_handler(press(bot.signer.sign(8, "autopilot", ""))) is not None  # refused at once


async def test_group_event_and_unknown_kind_are_not_quick(bot):
    group = {"message_id": 1, "date": 0, "chat": {"id": -5, "type": "group"}, "from": PERSON, "text": "/help"}
    async with bot.running():
        assert bot.router.find_quick_handler(incoming_of({"update_id": 1, "message": group})) is None
        assert bot.router.find_quick_handler(incoming_of({"update_id": 1, "poll_answer": {"user": PERSON}})) is None


async def test_stranger_who_is_answered_at_once_is_registered_with_the_answer(bot):
    async with bot.running():
        incoming = message("/help")
        write = await bot.router.find_quick_handler(incoming)(incoming)
        await bot.store.write(write)
        assert (await bot.store.users.get(7)).language == "ru"
