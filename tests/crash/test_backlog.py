"""A small backlog for every test run, also with a SIGKILL in the middle; and that the judge sees what goes wrong.

`make backlog` works off the whole hundred thousand and holds the daemon to its weight.
"""

from __future__ import annotations

import pytest
import trio

from tests.crash.backlog import COMMANDS, BotApi, Limits, Order, Report, run_backlog

FAIR = Order(updates=10, chats=2)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("is_killed", [False, True])
def test_backlog_is_answered_in_order_and_once(tmp_path, is_killed):
    order = Order(updates=1200, chats=150, is_killed=is_killed)
    report = trio.run(run_backlog, order, tmp_path)
    assert report.faults() == []
    assert report.peak_megabytes > 20
    assert report.seconds > 0
    assert report.seconds >= report.polled_seconds  # 0 where all was polled before the kill


def judged(order, spoil=lambda _sent: None):
    """A report on a bot that answered everything well, but for what `spoil` does to it."""
    api, report = BotApi(order), Report(order)
    for number in range(1, order.updates + 1):
        command = api.commands[number - 1]
        text = api.texts.setdefault(f"answer to {command}", len(api.texts))
        api.sent[api.chat_of(number)].append(text)
    spoil(api.sent)
    api.judge(report)
    return report


BIG = Order(updates=2000, chats=200)


def test_good_bot_has_no_faults():
    assert judged(BIG).faults() == []


def test_lost_answer_is_seen():
    report = judged(BIG, lambda sent: sent[1007].pop())
    assert (report.lost, report.misplaced) == (1, 1)
    assert report.faults()[0] == "1 updates without an answer"


def test_two_answers_that_changed_places_are_seen():
    def swap(sent):
        for answers in sent.values():
            if answers[0] != answers[1]:
                answers[0], answers[1] = answers[1], answers[0]
                return

    assert judged(BIG, swap).faults() == ["1 chats out of order"]


def test_doubled_answer_is_a_fault_unless_the_daemon_was_killed():
    def double(sent):
        sent[1007].insert(3, sent[1007][2])

    assert judged(BIG, double).faults() == ["1 answers too many", "1 chats out of order"]
    assert judged(Order(updates=2000, chats=200, is_killed=True), double).faults() == []


def test_answer_doubled_later_is_a_fault_even_then():
    def double_late(sent):
        first, *rest = sent[1007]
        sent[1007] = [first, *rest, next(text for text in range(len(COMMANDS)) if text != rest[-1])]

    report = judged(Order(updates=2000, chats=200, is_killed=True), double_late)
    assert report.misplaced == 1


def test_weight_and_growth_are_judged():
    report = Report(FAIR, idle_megabytes=80, megabytes=[90.0] * 10 + [300.0] * 10, texts=len(COMMANDS))
    assert report.faults() == []
    assert report.faults(Limits()) == [
        "300 MB at the peak, 80 before the first update",
        "memory grows: 90 MB, later 300 MB",
    ]
    assert "300 MB" in "\n".join(report.table())


async def test_updates_are_given_out_from_the_offset_and_confirmed_by_it():
    import orjson

    api = BotApi(Order(updates=150, chats=10))
    assert orjson.loads(await api.answer(b"getUpdates", b"{}"))["result"] == []
    api.is_open = True
    first = orjson.loads(await api.answer(b"getUpdates", b"{}"))["result"]
    assert [update["update_id"] for update in first] == list(range(1, 101))
    rest = orjson.loads(await api.answer(b"getUpdates", b'{"offset":101}'))["result"]
    assert len(rest) == 50
    assert api.confirmed == 100
    assert rest[0]["message"]["text"] in COMMANDS
