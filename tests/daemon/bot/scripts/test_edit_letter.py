"""A person's own words in the place of a letter that waits."""

from dataclasses import replace

import pytest

from daemon.autopilot import news
from daemon.autopilot.apply import LETTER_COLUMN
from daemon.bot.scripts.edit_letter import LONGEST_OWN_LETTER
from daemon.outbox.message import Button, Text
from store.durable.ownership import own_shards
from store.factory import open_store
from tests.daemon.bot.test_crashes import Story, say
from tests.daemon.bot.vacancy_rows import make_row
from tests.fakes.conversation import keys

OWN = "Здравствуйте! Пишите мне на ivan@example.com, я всегда на связи."
EDIT = Button(Text("x"), news.EDIT, "hh/1/0")
CARD = "autopilot.waiting"


async def put_letter(bot, text="Первое письмо"):
    vault = bot.services().vault
    sealed = await vault.seal(7, LETTER_COLUMN, text)
    row = replace(make_row("1", "waiting_for_you", reason="awaits_answer"), sealed_letter=sealed)
    await bot.store.write(bot.store.vacancies.insert_new(row))


async def letter_of(bot):
    row = await bot.store.vacancies.get(7, "hh", "1")
    return await bot.services().vault.open(7, LETTER_COLUMN, row.sealed_letter)


async def open_editor(bot):
    await bot.onboard()
    await put_letter(bot)
    return await bot.chat.press_button(EDIT)


async def test_present_letter_is_shown_before_the_question(bot):
    async with bot.running():
        heard = await open_editor(bot)
        assert keys(heard) == ["autopilot.own_letter.present", "autopilot.own_letter.ask"]
        assert heard[-2].body == "Первое письмо"


async def test_own_text_takes_the_letters_place_and_send_stands_first(bot):
    async with bot.running():
        await open_editor(bot)
        heard = await bot.chat.say(f"  {OWN}\n")
        assert keys(heard)[-2:] == ["edit autopilot.decided.edit", CARD]
        assert heard[-1].body == OWN
        assert await letter_of(bot) == OWN
        first = bot.chat.find_button(0)
        assert (first.action, first.argument) == (news.SEND, "hh/1/1")
        assert keys(await bot.chat.press_button(Button(Text("x"), news.SEND, "hh/1/0"))) == [
            "press autopilot.decision.other_letter"
        ]
        assert "press autopilot.decision.send" in keys(await bot.chat.press(0))


async def test_text_lies_in_the_store_only_sealed(bot):
    async with bot.running():
        await open_editor(bot)
        journal = await bot.store.journals.get("dialog:7")
        assert "Первое письмо" not in repr(journal)
        await bot.chat.say(OWN)
        row = await bot.store.vacancies.get(7, "hh", "1")
        assert OWN not in row.sealed_letter


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ({"text": "   "}, "autopilot.own_letter.empty"),
        ({"text": "🙂 …"}, "autopilot.own_letter.empty"),
        ({"text": "я" * (LONGEST_OWN_LETTER + 1)}, "autopilot.own_letter.too_long"),
        ({"photo": []}, "dialogs.text_please"),
    ],
)
async def test_what_is_no_letter_gets_a_hint_and_the_question_stays(bot, message, hint):
    async with bot.running():
        await open_editor(bot)
        assert keys(await bot.chat.send(message)) == [hint]
        assert await letter_of(bot) == "Первое письмо"
        assert keys(await bot.chat.say("я" * LONGEST_OWN_LETTER))[-1] == CARD


async def test_letter_is_kept_by_a_button(bot):
    async with bot.running():
        await open_editor(bot)
        assert keys(await bot.chat.press(0))[-1] == "autopilot.own_letter.kept"
        assert await letter_of(bot) == "Первое письмо"


async def test_cancel_leaves_letter_and_card_as_they_were(bot):
    async with bot.running():
        await open_editor(bot)
        await bot.chat.say("/cancel")
        assert await letter_of(bot) == "Первое письмо"
        assert "press autopilot.decision.send" in keys(
            await bot.chat.press_button(Button(Text("x"), news.SEND, "hh/1/0"))
        )


async def test_second_press_asks_the_same_question_again(bot):
    async with bot.running():
        await open_editor(bot)
        assert keys(await bot.chat.press_button(EDIT)) == ["autopilot.own_letter.ask"]
        assert keys(await bot.chat.say(OWN))[-1] == CARD


async def test_letter_can_be_edited_while_the_autopilot_stops(bot):
    async with bot.running():
        await open_editor(bot)
        await bot.chat.say("/stop")
        assert keys(await bot.chat.say(OWN))[-1] == CARD
        assert await letter_of(bot) == OWN


@pytest.mark.parametrize("action", [news.SEND, news.SKIP])
async def test_what_was_decided_meanwhile_wins(bot, action):
    async with bot.running():
        await open_editor(bot)
        await bot.chat.press_button(Button(Text("x"), action, "hh/1/0"))
        assert keys(await bot.chat.say(OWN))[-1] == "autopilot.own_letter.moved_on"
        assert await letter_of(bot) == "Первое письмо"


async def test_editing_takes_back_the_wish_for_another_letter(bot):
    async with bot.running():
        await open_editor(bot)
        await bot.chat.press_button(Button(Text("x"), news.REWRITE, "hh/1/0"))
        await bot.chat.say(OWN)
        row = await bot.store.vacancies.get(7, "hh", "1")
        assert (row.state, row.reason, row.letter_number) == ("waiting_for_you", "awaits_answer", 1)


@pytest.mark.parametrize("state", ["applied", "screened_out", "applying", None])
async def test_old_card_is_answered_in_words(bot, state):
    async with bot.running():
        await bot.onboard()
        if state is not None:
            await bot.store.write(bot.store.vacancies.insert_new(make_row("1", state)))
        assert keys(await bot.chat.press_button(EDIT)) == ["press autopilot.decision.late"]


async def edit_through(crash_at, when):
    """What the person heard, the letter at the end, and whether there was a crash."""
    async with open_store("sqlite://", inline=True) as store, own_shards(store, boot_id="b", now=0) as ownership:
        story = Story(store, ownership, crash_at, when)
        # What the hunt wrote in another life.
        sealed = await story.bot.services(store).vault.seal(7, LETTER_COLUMN, "Первое письмо")
        row = replace(make_row("1", "waiting_for_you", reason="awaits_answer"), sealed_letter=sealed)
        await store.write(store.vacancies.insert_new(row))
        await story.tell([say("/help"), lambda story: story.bot.chat.press_button(EDIT), say(OWN)])
        row = await store.vacancies.get(7, "hh", "1")
        letter = await story.bot.services(store).vault.open(7, LETTER_COLUMN, row.sealed_letter)
        return keys(story.bot.chat.heard), (letter, row.state, row.letter_number), story.crashes


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_at_any_write_the_text_is_kept_once(when):
    said, end, _ = await edit_through(1000, when)
    assert end == (OWN, "waiting_for_you", 1)
    assert said[-1] == CARD
    crashes = 0
    for crash_at in range(30):
        heard, ended, happened = await edit_through(crash_at, when)
        assert (heard, ended) == (said, end), f"crash {when} write {crash_at}"
        crashes += happened
        if not happened:
            break
    assert crashes == 4
