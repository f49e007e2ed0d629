"""What each of Telegram's answers means for a row."""

import pytest
import trio

from daemon.outbox.delivery import TELEGRAM_CIRCUIT, Delivered, Dropped, NotYet, Unreachable
from daemon.outbox.payload import Parcel, decode
from telegram_client.errors import NetworkTrouble
from tests.fakes.transport import Answer, failure, ok

OK = ok({"message_id": 100})
NEWS = "t.ok"


async def deliver(bot, chat_id=42):
    [item, *_] = await bot.store.queues.waiting("outbox", chat_id, limit=1)
    return await bot.delivery.send(item, decode(item.payload))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (failure(403, "Forbidden: bot was blocked by the user"), Unreachable("blocked")),
        (failure(403, "Forbidden: user is deactivated"), Unreachable("deactivated")),
        (failure(403, "Forbidden: bot was kicked from the group chat"), Unreachable("kicked")),
        (failure(403, "Forbidden: bot can't initiate conversation with a user"), Unreachable("not_started")),
        (failure(400, "Bad Request: chat not found"), Unreachable("chat_not_found")),
    ],
)
async def test_chat_that_does_not_want_us_is_unreachable(make_bot, answer, outcome, autojump_clock):
    bot = make_bot(sendMessage=answer)
    await bot.say("x")
    assert await deliver(bot) == outcome


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (failure(400, "Bad Request: have no rights to send a message"), "no_rights"),
        (failure(400, "Bad Request: strange"), "Bad Request: strange"),
        (failure(403, "Forbidden: bots can't send messages to bots"), "Forbidden: bots can't send messages to bots"),
    ],
)
async def test_message_telegram_will_never_take_is_dropped(make_bot, answer, reason, autojump_clock, expected_errors):
    bot = make_bot(sendMessage=answer)
    await bot.say("x")
    assert await deliver(bot) == Dropped(reason)


@pytest.mark.parametrize(
    "answer",
    [
        NetworkTrouble("refused", sent=False),
        NetworkTrouble("no answer", sent=True),
        failure(502, "Bad Gateway"),
        Answer(200, b"<html>"),
        failure(401, "Unauthorized"),
    ],
)
async def test_news_in_trouble_are_tried_again_and_the_trouble_is_named(make_bot, clock, answer, autojump_clock):
    bot = make_bot(sendMessage=[answer, OK])
    await bot.say("x")
    outcome = await deliver(bot)
    assert isinstance(outcome, NotYet)
    assert 0 < outcome.until - clock.now() <= 500
    assert bot.delivery.trouble
    assert await deliver(bot) == Delivered()
    assert bot.delivery.trouble == ""


async def test_waits_grow_up_to_a_minute_and_begin_anew(make_bot, clock, autojump_clock):
    bot = make_bot(sendMessage=[NetworkTrouble("gone", sent=False)] * 12 + [OK] + [NetworkTrouble("gone", sent=False)])
    await bot.say("x")
    waits = [(await deliver(bot)).until - clock.now() for _ in range(12)]
    assert waits[-1] > 30_000
    assert max(waits) <= 60_000
    await deliver(bot)
    assert (await deliver(bot)).until - clock.now() <= 500


async def test_trouble_is_logged_once_for_all_chats(make_bot, logged, autojump_clock):
    bot = make_bot(sendMessage=NetworkTrouble("gone", sent=False))
    for chat_id in (1, 2, 3):
        await bot.say("x", chat_id)
        await deliver(bot, chat_id)
    assert [line["event"] for line in logged] == ["sending_stopped"]


async def test_notice_whose_answer_got_lost_is_not_sent_twice(make_bot, autojump_clock):
    bot = make_bot(sendMessage=NetworkTrouble("no answer", sent=True))
    await bot.say("x", is_notice=True)
    assert await deliver(bot) == Delivered()


async def test_notice_that_did_not_leave_is_tried_again(make_bot, autojump_clock):
    bot = make_bot(sendMessage=NetworkTrouble("refused", sent=False))
    await bot.say("x", is_notice=True)
    assert isinstance(await deliver(bot), NotYet)


async def test_too_fast_waits_as_long_as_told(make_bot, clock, autojump_clock):
    bot = make_bot(sendMessage=failure(429, "Too Many Requests: retry after 9", {"retry_after": 9}))
    await bot.say("x")
    assert (await deliver(bot)).until == clock.now() + 9_000


async def test_message_id_of_a_card_travels_with_the_mark(bot, autojump_clock):
    await bot.say("x", card="status")
    outcome = await deliver(bot)
    await bot.store.write(outcome.write)
    assert (await bot.store.cards.get(42, "status")).message_id == 100


async def test_card_is_edited(bot, autojump_clock):
    await bot.say("x", card="status")
    await bot.store.write((await deliver(bot)).write)
    await bot.store.write(bot.store.queues.clear_lane("outbox", 42, now=0))
    await bot.edit("y")
    assert await deliver(bot) == Delivered()
    assert bot.calls("editMessageText")[0]["message_id"] == 100
    assert bot.texts("editMessageText") == ["y"]


async def edit_a_card(make_bot, answer):
    bot = make_bot(editMessageText=answer, sendMessage=ok({"message_id": 200}))
    await bot.store.write(bot.store.cards.put(await card(bot)))
    await bot.edit("y")
    return bot, await deliver(bot)


async def card(bot):
    from store.tables.cards import CardRow

    await trio.lowlevel.checkpoint()
    return CardRow(42, "status", 100, 0)


async def test_edit_that_changes_nothing_is_done(make_bot, autojump_clock):
    bot, outcome = await edit_a_card(make_bot, failure(400, "Bad Request: message is not modified: specified"))
    assert outcome == Delivered()
    assert bot.calls() == []


@pytest.mark.parametrize("text", ["message to edit not found", "message can't be edited", "MESSAGE_ID_INVALID"])
async def test_card_that_is_gone_is_said_anew(make_bot, autojump_clock, text):
    bot, outcome = await edit_a_card(make_bot, failure(400, f"Bad Request: {text}"))
    await bot.store.write(outcome.write)
    assert bot.texts() == ["y"]
    assert (await bot.store.cards.get(42, "status")).message_id == 200


async def test_card_nobody_said_yet_is_said(bot, autojump_clock):
    await bot.edit("y")
    await bot.store.write((await deliver(bot)).write)
    assert bot.texts() == ["y"]
    assert (await bot.store.cards.get(42, "status")).message_id == 100


async def test_edit_that_was_dropped_with_its_person_is_not_said_anew(bot, autojump_clock):
    await bot.edit("y")
    # Read before everything of the person was erased, sent after it.
    item = (await bot.store.queues.waiting("outbox", 42, limit=1))[0]
    await bot.store.write(bot.store.queues.clear_lane("outbox", 42, now=1))
    assert await bot.delivery.send(item, decode(item.payload)) == Delivered()
    assert bot.texts() == []


async def test_edit_whose_answer_got_lost_is_made_again(make_bot, autojump_clock):
    _, outcome = await edit_a_card(make_bot, NetworkTrouble("no answer", sent=True))
    assert isinstance(outcome, NotYet)


async def test_edit_that_is_refused_is_dropped(make_bot, autojump_clock, expected_errors):
    _, outcome = await edit_a_card(make_bot, failure(400, "Bad Request: strange"))
    assert outcome == Dropped("Bad Request: strange")


async def test_press_is_answered_in_words(bot, autojump_clock):
    from daemon.outbox.message import Text

    await bot.store.write(bot.outbox.acknowledge(42, "777", Text("t.hello", {"name": "x"}), is_alert=True))
    assert await deliver(bot) == Delivered()
    [params] = bot.calls("answerCallbackQuery")
    assert params == {"callback_query_id": "777", "text": "Привет, x", "show_alert": True}


async def test_press_that_is_too_old_is_done(make_bot, autojump_clock):
    bot = make_bot(answerCallbackQuery=failure(400, "Bad Request: query is too old and response timeout expired"))
    await bot.store.write(bot.outbox.acknowledge(42, "777"))
    assert await deliver(bot) == Delivered()


async def test_press_that_is_refused_is_dropped(make_bot, autojump_clock, expected_errors):
    bot = make_bot(answerCallbackQuery=failure(400, "Bad Request: strange"))
    await bot.store.write(bot.outbox.acknowledge(42, "777"))
    assert isinstance(await deliver(bot), Dropped)


@pytest.mark.parametrize("parcel", [Parcel("dance"), Parcel("say"), Parcel("edit", card="status")])
async def test_row_that_says_nothing_is_dropped(bot, autojump_clock, parcel):
    from daemon.outbox.payload import encode

    await bot.store.write(bot.store.cards.put(await card(bot)))
    await bot.store.write(bot.store.queues.put("outbox", "x", 42, encode(parcel), now=0))
    assert isinstance(await deliver(bot), Dropped)
    assert bot.script.calls == []


async def test_language_is_chosen_when_it_is_sent(bot, autojump_clock):
    from daemon.outbox.message import OutgoingMessage, Text

    await bot.store.write(bot.outbox.say(OutgoingMessage(42, Text("t.ok"))))
    bot.languages[42] = "en"
    await deliver(bot)
    assert bot.texts() == ["Yes"]


async def test_turn_of_a_busy_chat_comes_later_and_is_kept(bot, clock, autojump_clock):
    await bot.say("x")
    [item] = await bot.store.queues.waiting("outbox", 42, limit=1)
    parcel = decode(item.payload)
    for _ in range(20):
        assert bot.delivery.admit(item, parcel) is None
    assert bot.delivery.admit(item, parcel) == clock.now() + 1_000
    await trio.sleep(1)
    assert bot.delivery.admit(item, parcel) is None


async def test_answers_to_presses_do_not_use_up_the_chats_turns(bot, autojump_clock):
    await bot.store.write(bot.outbox.acknowledge(42, "777"))
    [item] = await bot.store.queues.waiting("outbox", 42, limit=1)
    assert all(bot.delivery.admit(item, decode(item.payload)) is None for _ in range(25))


# Successes that can't be read.

GARBLED = Answer(200, b'{"ok":tru')
BROKEN_OFF = Answer(200, b'{"ok":true,"result":{"message_id":100}}', cut_after=20)
PORTAL = Answer(200, b"<html>Please pay for your hotel's network</html>")


@pytest.mark.parametrize("unreadable", [GARBLED, BROKEN_OFF, PORTAL])
async def test_success_that_can_not_be_read_is_sent_once_more_and_then_taken_for_sent(
    make_bot, logged, autojump_clock, unreadable
):
    bot = make_bot(sendMessage=unreadable, getMe=ok({"id": 1, "is_bot": True, "first_name": "A"}))
    await bot.say("x")
    assert isinstance(await deliver(bot), NotYet)
    assert await deliver(bot) == Delivered()
    assert [method for method, _ in bot.script.calls] == ["sendMessage", "getMe", "sendMessage"]
    assert [line["event"] for line in logged] == ["sending_stopped", "message_taken_for_sent"]
    assert bot.delivery.trouble == ""


async def test_second_try_that_can_be_read_is_the_end_of_it(make_bot, autojump_clock):
    bot = make_bot(sendMessage=[GARBLED, OK, GARBLED, GARBLED])
    for _ in range(2):
        await bot.say("x")
    assert isinstance(await deliver(bot), NotYet)
    outcome = await deliver(bot)
    assert outcome == Delivered()
    [first, second] = await bot.store.queues.waiting("outbox", 42, limit=2)
    await bot.store.write(bot.store.queues.finish("outbox", first.key, now=0) + outcome.write)
    assert isinstance(await deliver(bot), NotYet), "the next message has its own two tries"
    assert second.key != first.key


@pytest.mark.parametrize("way", [PORTAL, failure(502, "Bad Gateway"), NetworkTrouble("no answer", sent=True)])
async def test_nothing_is_said_again_or_given_up_while_the_way_itself_is_broken(make_bot, autojump_clock, way):
    bot = make_bot(sendMessage=[PORTAL, OK], getMe=[way, way, way, ok({"id": 1})])
    await bot.say("x")
    for _ in range(4):
        assert isinstance(await deliver(bot), NotYet)
    assert len(bot.calls("sendMessage")) == 1
    assert await deliver(bot) == Delivered()


async def test_refusal_to_tell_who_we_are_shows_that_the_way_is_sound(make_bot, autojump_clock):
    bot = make_bot(sendMessage=[GARBLED, OK], getMe=failure(403, "Forbidden: strange"))
    await bot.say("x")
    assert isinstance(await deliver(bot), NotYet)
    assert await deliver(bot) == Delivered()


async def test_lost_answer_is_no_success(make_bot, autojump_clock):
    """Nothing of an answer came: it may never have arrived, so it is tried until it is out."""
    bot = make_bot(sendMessage=NetworkTrouble("no answer", sent=True))
    await bot.say("x")
    for _ in range(6):
        assert isinstance(await deliver(bot), NotYet)
    assert bot.calls("getMe") == []


async def test_pieces_of_a_long_text_each_have_two_tries(make_bot, autojump_clock):
    bot = make_bot(sendMessage=[GARBLED, GARBLED, OK, OK])
    words = [f"слово{number}" for number in range(1200)]
    await bot.say(" ".join(words))
    assert isinstance(await deliver(bot), NotYet)
    assert isinstance(await deliver(bot), Delivered)
    first, again, *others = [call["text"] for call in bot.calls("sendMessage")]
    assert first == again
    assert " ".join([first, *others]).split() == words


async def test_telegram_that_fails_for_many_chats_is_left_alone_for_all(
    make_bot, clock, autojump_clock, expected_errors
):
    bot = make_bot(sendMessage=NetworkTrouble("gone", sent=False))
    for chat_id in range(1, 40):
        await bot.say("x", chat_id)
        assert isinstance(await deliver(bot, chat_id), NotYet)
    assert len(bot.calls()) == TELEGRAM_CIRCUIT.failures
    outcome = await deliver(bot, 39)
    assert 2_000 <= outcome.until - clock.now() <= 4_000


async def test_one_message_probes_and_the_others_follow(make_bot, clock, autojump_clock, expected_errors):
    bot = make_bot(sendMessage=[*[NetworkTrouble("gone", sent=False)] * 5, OK])
    for chat_id in range(1, 7):
        await bot.say("x", chat_id)
        await deliver(bot, chat_id)
    await trio.sleep(2.1)
    assert await deliver(bot, 6) == Delivered()
    assert await deliver(bot, 5) == Delivered()


async def test_refusals_of_chats_do_not_stop_the_others(make_bot, autojump_clock):
    bot = make_bot(sendMessage=failure(403, "Forbidden: bot was blocked by the user"))
    for chat_id in range(1, 40):
        await bot.say("x", chat_id)
        assert isinstance(await deliver(bot, chat_id), Unreachable)
