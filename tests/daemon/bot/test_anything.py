"""Whatever a person does, in whatever order, they get an answer, nothing breaks, and the way to a hunt stays open."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.accounts.return_address import ReturnRejected
from daemon.bot.routes import ROUTES
from daemon.clock import TrioClock
from daemon.outbox.message import Button
from daemon.outbox.payload import ACKNOWLEDGE, SAY
from store.durable.ownership import own_shards
from store.errors import Conflict
from store.factory import open_store
from tests.daemon.bot.conftest import TEXTS, Bot
from tests.fakes.conversation import keys

COMMANDS = [f"/{name}" for name in ROUTES.commands]
WORDS = [
    "привет",
    "Автопилот",
    "⏹ Стоп",
    "📊 My progress",
    "http://127.0.0.1:8080/oauth/hh/callback?code=code-ivan&state=x",
    "python OR golang",
    "Бухгалтер с опытом: веду учёт в торговой компании, знаю 1С, налоги, отчётность и кадры.",
    "я" * 10_000,
    "\u202e\u0000🙂",
    "/",
]
THINGS = [{"sticker": {}}, {"photo": [{}]}, {"voice": {}}, {"text": "чужое", "forward_origin": {}}, {"poll": {}}]

ACTS = st.one_of(
    st.tuples(st.just("say"), st.sampled_from(COMMANDS)),
    st.tuples(st.just("say"), st.sampled_from(WORDS)),
    st.tuples(st.just("send"), st.sampled_from(THINGS)),
    st.tuples(st.just("press"), st.integers(0, 3)),
    st.tuples(st.just("press"), st.integers(0, 3)),
    st.tuples(st.just("press_old"), st.integers(0, 200)),
    st.tuples(st.just("return"), st.booleans()),
    st.tuples(st.just("restart"), st.none()),
)


def buttons_of(bot):
    """Every button the person has ever seen, oldest first."""
    return [
        button for parcel in bot.chat.heard for row in parcel.keyboard for button in row if isinstance(button, Button)
    ]


async def press(bot, button):
    heard = await bot.chat.press_button(button)
    # Deletion empties the outbox, and nobody sends anything in this test before it does: its goodbye is the answer.
    is_goodbye = "onboarding.deleted" in keys(heard)
    assert is_goodbye or [parcel.act for parcel in heard].count(ACKNOWLEDGE) == 1, heard
    return heard


async def do(bot, kind, what):
    """One act; messages and presses must be answered."""
    if kind == "say":
        assert any(parcel.act == SAY for parcel in await bot.chat.say(what)), what
    elif kind == "send":
        assert any(parcel.act == SAY for parcel in await bot.chat.send(what)), what
    elif kind == "return":
        # No link was ever shown, or an old one is used: the web door has its own page for that.
        with suppress(LookupError, ReturnRejected, Conflict):
            await bot.return_from_board(error="access_denied" if what else None)
    else:
        seen = buttons_of(bot)
        if seen:
            newest = seen[-4:]
            button = newest[what % len(newest)] if kind == "press" else seen[what % len(seen)]
            await press(bot, button)


async def live_through(acts):
    async with open_store("sqlite://", inline=True) as store, own_shards(store, boot_id="b", now=0) as ownership:
        bot = Bot(store, ownership, TrioClock())
        remaining = list(acts)
        while remaining:
            async with bot.running():
                while remaining:
                    kind, what = remaining.pop(0)
                    if kind == "restart":
                        break
                    await do(bot, kind, what)
        async with bot.running():
            await reach_a_hunt(bot)
        for parcel in bot.chat.heard:
            assert parcel.text is None or TEXTS.render(parcel.text, "ru")
        assert await store.queues.count("inbox", "waiting") == 0


async def reach_a_hunt(bot):
    """First buttons (and a resume where one is asked for) lead to a running hunt from anywhere."""
    await bot.chat.say("/cancel")
    await bot.chat.say("/autopilot")
    for _ in range(25):
        hunt = await bot.hunt()
        if hunt is not None and hunt.wish == "running":
            return
        question = await bot.engine.open_question(bot.chat.chat_id)
        if question is None:
            await bot.chat.say("/autopilot")
        elif question.links:
            await bot.return_from_board(code=f"code-{len(bot.chat.heard)}")
        elif question.options:
            await bot.chat.press(0)
        else:
            await bot.chat.say(WORDS[6] if question.text.key == "onboarding.paste" else "бухгалтер")
    raise AssertionError("no way to a running hunt")


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.lists(ACTS, max_size=14))
async def test_anything_a_person_does_is_answered(acts):
    await live_through(acts)


@pytest.mark.parametrize(
    "acts",
    [
        [("say", "/start"), ("press", 0), ("say", "/delete"), ("press", 1), ("press_old", 0), ("say", "/start")],
        [("say", "/start"), ("press", 0), ("press", 0), ("return", True), ("return", False), ("press_old", 1)],
        [("say", "/language"), ("press", 1), ("restart", None), ("say", "/help"), ("press_old", 0)],
        [("say", "/settings"), ("press", 2), ("say", "/status"), ("say", "слово"), ("press_old", 3)],
    ],
)
async def test_twisted_ways_lead_to_a_hunt_too(acts):
    await live_through(acts)
