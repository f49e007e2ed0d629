"""Dialogs as a person lives through them: asked, answered, disturbed, left, restarted."""

import pytest
import trio

from daemon.dialogs.dialog import Option
from daemon.dialogs.errors import AnswerRejected, QuestionTimedOut
from daemon.outbox.message import Text, Verbatim
from store.durable.ownership import own_shards
from store.errors import LeaseLost
from tests.fakes.conversation import keys

SIZES = [Option("small", Text("t.small")), Option("large", Text("t.large"))]


def clean_city(text):
    if not text.isalpha():
        raise AnswerRejected(Text("t.letters_only"))
    return text.title()


async def ordering(dialog):
    dialog.say(Text("t.hello"))
    size = await dialog.choose(Text("t.size"), SIZES)
    city = (await dialog.ask(Text("t.city"), accept=clean_city)).text
    price = await dialog.do("price", lambda: price_of(size))
    dialog.say(Text("t.done", {"size": size, "city": city, "price": price}))


async def price_of(size):
    return {"small": 1, "large": 2}[size]


async def test_script_is_run_from_question_to_question(bench):
    async with bench.engine(ordering):
        chat = bench.conversation
        assert keys(await chat.say("/start")) == ["t.hello", "t.size"]
        assert keys(await chat.press(1)) == ["edit dialogs.chosen", "t.city"]
        assert keys(await chat.say("казань")) == []
        await trio.testing.wait_all_tasks_blocked()
        [done] = await chat.listen()
        assert done.text == Text("t.done", {"size": "large", "city": "Казань", "price": 2})
        assert not await bench.now_running.has_dialog(chat.chat_id)


async def test_answered_question_shows_the_choice_and_has_no_buttons(bench):
    async with bench.engine(ordering):
        chat = bench.conversation
        await chat.say("/start")
        edit = (await chat.press(0))[1]
        assert edit.text == Text("dialogs.chosen", {"question": Text("t.size"), "choice": Text("t.small")})
        assert edit.keyboard == ()


async def test_dialog_goes_on_in_the_next_life_where_it_was(bench):
    chat = bench.conversation
    async with bench.engine(ordering):
        await chat.say("/start")
    async with bench.engine(ordering):
        assert keys(await chat.press(1)) == ["edit dialogs.chosen", "t.city"]
    async with bench.engine(ordering):
        await chat.say("Омск")
        await trio.testing.wait_all_tasks_blocked()
        assert keys(await chat.listen()) == ["t.done"]


@pytest.mark.parametrize("which", ["answered", "gone"])
async def test_press_on_an_old_question_is_answered_in_words(bench, which):
    async with bench.engine(ordering):
        chat = bench.conversation
        await chat.say("/start")
        old = chat.find_button(1)
        if which == "answered":
            await chat.press_button(old)
        else:
            await chat.say("/cancel")
        assert keys(await chat.press_button(old)) == ["press dialogs.question_closed"]
        assert await bench.now_running.has_dialog(chat.chat_id) == (which == "answered")


async def test_typed_text_where_a_press_is_expected_gets_a_hint(bench):
    async with bench.engine(ordering):
        chat = bench.conversation
        await chat.say("/start")
        assert keys(await chat.say("большую")) == ["dialogs.press_a_button"]
        assert keys(await chat.press(0)) == ["edit dialogs.chosen", "t.city"]


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ({"photo": [{}]}, "dialogs.text_please"),
        ({"sticker": {}}, "dialogs.text_please"),
        ({"text": "Казань", "forward_origin": {"type": "user"}}, "dialogs.forwarded"),
        ({"text": "a" * 30_000}, "dialogs.too_long"),
        ({"text": "a1" * 5_000}, "t.letters_only"),
        ({"text": "🙂\u202eнивжеляП"}, "t.letters_only"),
    ],
)
async def test_what_is_no_answer_gets_a_hint_and_the_question_stays(bench, message, hint):
    async with bench.engine(ordering):
        chat = bench.conversation
        await chat.say("/start")
        await chat.press(0)
        assert keys(await chat.send(message)) == [hint]
        await chat.say("Омск")
        await trio.testing.wait_all_tasks_blocked()
        assert keys(await chat.listen()) == ["t.done"]


async def test_question_is_asked_again_in_a_new_message(bench):
    async with bench.engine(ordering):
        chat = bench.conversation
        await chat.say("/start")
        assert keys(await chat.say("/again")) == ["t.size"]
        assert keys(await chat.say("/start")) == ["t.size"]
        assert keys(await chat.press(0)) == ["edit dialogs.chosen", "t.city"]


async def test_nothing_open_is_nothing_to_ask_again_or_leave(bench):
    async with bench.engine(ordering):
        assert await bench.conversation.say("/again") == []
        assert await bench.conversation.say("/cancel") == []


async def test_left_dialog_is_over(bench):
    async with bench.engine(ordering):
        chat = bench.conversation
        await chat.say("/start")
        [edit] = await chat.say("/cancel")
        assert edit.text == Text("t.size")
        assert edit.keyboard == ()
        assert keys(await chat.say("/start")) == ["t.hello", "t.size"]


async def test_body_and_own_labels_survive(bench):
    async def showing(dialog):
        await dialog.choose(Text("t.which"), [Option("1", Verbatim("<Аня>"))], body=Verbatim("python AND trio"))

    chat = bench.conversation
    async with bench.engine(showing):
        await chat.say("/start")
    async with bench.engine(showing):
        [again] = await chat.say("/again")
        assert again.body == "python AND trio"
        assert (await chat.press(0))[1].text.values["choice"] == "<Аня>"


async def test_event_that_is_waited_for_answers_the_question(bench):
    async def connecting(dialog):
        answer = await dialog.ask(Text("t.login"), accept=str.strip, events=("board_returned",))
        dialog.say(Text("t.back", {"code": answer.event.data["code"]}))

    chat = bench.conversation
    async with bench.engine(connecting):
        await chat.say("/start")
        assert await bench.now_running.waits_for(chat.chat_id, "board_returned")
        assert await chat.event("captcha_solved") == []
        assert [parcel.text for parcel in await chat.event("board_returned", code="x1")] == [
            Text("t.back", {"code": "x1"})
        ]
        assert await chat.event("board_returned", code="x2") == []


async def test_two_chats_do_not_meet(bench):
    async with bench.engine(ordering):
        first, second = bench.conversation, bench.conversation.beside(8)
        await first.say("/start")
        await second.say("/start")
        await second.press(0)
        assert keys(await first.press(1)) == ["edit dialogs.chosen", "t.city"]


# Time.


async def reminding(dialog):
    try:
        await dialog.choose(Text("t.size"), SIZES, timeout_seconds=600)
    except QuestionTimedOut:
        dialog.say(Text("t.nobody"))
    await dialog.sleep_until(await dialog.now() + 3_600_000)
    dialog.say(Text("t.good_morning"))


async def test_question_ends_when_nobody_answers_in_time(bench, autojump_clock):
    async with bench.engine(reminding):
        chat = bench.conversation
        await chat.say("/start")
        await trio.sleep(599)
        assert await bench.fire_timers() == []
        await trio.sleep(2)
        assert keys(await bench.fire_timers()) == ["edit t.size", "t.nobody"]
        assert keys(await chat.press(0)) == ["press dialogs.question_closed"]


async def test_answer_in_time_takes_the_timer_back(bench, autojump_clock):
    async with bench.engine(reminding):
        await bench.conversation.say("/start")
        await bench.conversation.press(0)
        await trio.sleep(700)
        assert await bench.fire_timers() == []


async def test_left_dialog_takes_its_timer_along(bench):
    async with bench.engine(reminding):
        await bench.conversation.say("/start")
        await bench.conversation.say("/cancel")
        assert await bench.store.timers.next_due() is None


async def test_dialog_sleeps_over_restarts_until_its_time(bench, autojump_clock):
    chat = bench.conversation
    async with bench.engine(reminding):
        await chat.say("/start")
        await chat.press(0)
    async with bench.engine(reminding):
        assert keys(await chat.say("доброе утро?")) == ["dialogs.waiting"]
        await trio.sleep(3601)
    async with bench.engine(reminding) as engine:
        assert keys(await bench.fire_timers()) == ["t.good_morning"]
        assert not await engine.has_dialog(chat.chat_id)


async def test_timer_that_comes_twice_counts_once(bench, autojump_clock):
    async with bench.engine(reminding):
        chat = bench.conversation
        await chat.say("/start")
        [timer] = await bench.store.timers.due(2**60, 1)
        await trio.sleep(601)
        await bench.fire_timers()
        assert await chat.event("timer_due", timer=timer.key) == []


# Another dialog, and what a dialog is started with.


async def test_dialog_can_take_the_place_of_another(bench):
    async def second(dialog):
        await dialog.choose(Text("t.other", {"by": dialog.state["by"]}), SIZES)

    second.script_name = "second"
    async with bench.engine(ordering, second) as engine:
        chat = bench.conversation
        await chat.say("/start")
        bench.act = lambda incoming: engine.start("second", incoming, {"by": "hand"}, is_instead=True)
        assert keys(await chat.say("/act")) == ["edit t.size", "t.other"]
        bench.act = lambda incoming: engine.start("second", incoming)
        assert [parcel.text for parcel in await chat.say("/act")] == [Text("t.other", {"by": "hand"})]


async def test_state_of_the_start_survives_a_restart(bench):
    async def stating(dialog):
        await dialog.choose(Text("t.size"), SIZES)
        dialog.say(Text("t.by", {"by": dialog.state["by"]}))

    chat = bench.conversation
    async with bench.engine(stating) as engine:
        bench.act = lambda incoming: engine.start("script", incoming, {"by": "hand"})
        await chat.say("/act")
    async with bench.engine(stating):
        assert (await chat.press(0))[-1].text == Text("t.by", {"by": "hand"})


async def test_dialog_without_a_question_leaves_no_rows(bench):
    async def short(dialog):
        dialog.say(Text("t.hello"))

    async with bench.engine(short) as engine:
        assert keys(await bench.conversation.say("/start")) == ["t.hello"]
        assert not await engine.has_dialog(bench.conversation.chat_id)
        assert await bench.store.fetch_all("SELECT * FROM journals") == []


async def test_stale_owner_is_refused_and_the_chat_is_not_harmed(bench):
    async with bench.engine(ordering):
        await bench.conversation.say("/start")
        async with own_shards(bench.store, boot_id="younger", now=0):
            with pytest.raises(LeaseLost):
                await bench.conversation.press(0)
            assert await bench.store.journals.entries("dialog:7") == []
