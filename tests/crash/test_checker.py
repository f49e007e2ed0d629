"""Each rule of the checker is shown a good run, and the same run with one thing wrong."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import store
from daemon.sandbox.world_log import WorldLog
from tests.crash.checker import PUT_FINISHED, RULES, check
from tests.crash.store_image import read_store

CHAT, PERSON = 500, "ann"
SHARD = "shard:244"
"""Of chat 500."""


class Clock:
    def __init__(self):
        self.at = 1_000

    def now(self):
        self.at += 10
        return self.at


class Run:
    """A good run: one message in, one answer out, one application made and told."""

    def __init__(self, folder):
        self.path = folder / "aurora.db"
        self.log = WorldLog(Clock())
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            for path in sorted(MIGRATIONS.glob("*.sql")):
                connection.executescript(path.read_text(encoding="utf-8"))
        self.lease(SHARD, "boot-1", 1)
        self.write("INSERT INTO users VALUES (?, ?, 'ru', 1, NULL, NULL)", CHAT, CHAT)
        self.log.note("update", update=7, what="message", chat=CHAT)
        self.log.note("update_confirmed", update=7)
        self.item("inbox", "update:7", put_at=10, settled_at=20)
        self.write("INSERT INTO cursors VALUES ('telegram:1', 8, 10)")
        self.item("outbox", "say:b:1", put_at=20, settled_at=30)
        self.log.note("message", chat=CHAT, text="hello", links="", buttons="")
        self.effect("v1", "confirmed")
        self.log.note("application_made", user=PERSON, vacancy="v1", source="api")
        self.write("INSERT INTO checkpoints VALUES ('autopilot:500', 4, '{}', 1)")
        self.options = {"accounts": {CHAT: PERSON}, "daily_limit": 2}

    def write(self, sql, *parameters):
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(sql, parameters)

    def lease(self, name, owner, epoch):
        self.write(
            "INSERT OR REPLACE INTO leases (name, owner, epoch, expires_at) VALUES (?, ?, ?, 1)", name, owner, epoch
        )

    def item(self, queue, key, *, state="finished", put_at=10, settled_at=20, position=1):
        self.write(
            "INSERT INTO queue_items (queue, key, lane, position, payload, state, attempts, due_at, put_at, version, "
            "settled_at) VALUES (?, ?, ?, ?, 'null', ?, 0, 0, ?, 1, ?)",
            *(queue, key, CHAT, position, state, put_at, settled_at),
        )

    def effect(self, vacancy, state, *, owner=CHAT, epoch=1, boot="boot-1", sending_at=5):
        self.write(
            "INSERT INTO effects (kind, key, owner, state, attempt, payload, epoch, boot_id, planned_at, sending_at) "
            "VALUES ('application', ?, ?, ?, 1, 'null', ?, ?, 1, ?)",
            *(f"{owner}:hh:{vacancy}", owner, state, epoch, boot, sending_at),
        )

    def image(self):
        return read_store(self.path, at_act=self.log.last)

    def check(self, **more):
        return check(self.log.acts(), self.path, **{**self.options, **more})


MIGRATIONS = Path(store.__file__).parent / "migrations"


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def test_a_good_run_has_no_violations(run):
    assert run.check(history=[run.image()], secrets=["s3cr3t"], left={"tasks": 0}) == []
    assert len(RULES) == 13


def test_a_store_that_never_was_has_nothing_to_say(tmp_path):
    assert check([], tmp_path / "none.db") == []


@pytest.mark.parametrize(
    ("kind", "facts", "words"),
    [
        ("application_made", {"source": "api"}, ["applied twice: ann to v1"]),
        ("application_refused", {"value": "already_applied"}, ["applied twice: ann asked again"]),
        ("application_refused", {"value": "limit_exceeded"}, ["applied twice: ann asked again"]),
        ("application_made", {"source": "site"}, []),
    ],
)
def test_a_second_application_is_seen(run, kind, facts, words):
    run.log.note(kind, user=PERSON, vacancy="v1", **facts)
    found = run.check()
    assert len(found) == len(words)
    assert all(violation.startswith(word) for violation, word in zip(found, words, strict=True))


@pytest.mark.parametrize(
    ("state", "owner", "words"),
    [
        ("planned", CHAT, ["plan without end: effect 500:hh:v2 is planned"]),
        ("sending", CHAT, ["plan without end: effect 500:hh:v2 is sending"]),
        ("ambiguous", 0, ["plan without end: effect 0:hh:v2 is ambiguous and nobody's"]),
        ("ambiguous", CHAT, []),
        ("refused", CHAT, []),
    ],
)
def test_a_plan_without_end_is_seen(run, state, owner, words):
    run.effect("v2", state, owner=owner)
    assert run.check() == words


def test_a_ledger_that_disagrees_with_the_board_is_seen(run):
    run.effect("v2", "confirmed")
    run.effect("v3", "refused")
    run.log.note("application_made", user=PERSON, vacancy="v3", source="api")
    run.log.note("application_made", user=PERSON, vacancy="v4", source="api")
    assert run.check(daily_limit=None) == [
        "ledger: ('ann', 'v2') is confirmed and the board knows nothing of it",
        "ledger: the board has ('ann', 'v3') and the ledger says refused",
        "ledger: the board has ('ann', 'v4') and the ledger says None",
    ]


def test_what_the_board_knew_before_may_be_confirmed(run):
    run.effect("v2", "confirmed")
    run.log.note("application_refused", user=PERSON, vacancy="v2", value="already_applied")
    run.log.note("application_made", user=PERSON, vacancy="by hand", source="site")
    assert run.check() == []


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("waiting", "answers: message say:b:2 to 500 was never sent"),
        ("buried", "answers: message say:b:2 to 500 was given up: None"),
        ("finished", "answers: 1 messages to 500 are marked sent and were not"),
    ],
)
def test_an_answer_not_sent_is_seen(run, state, words):
    run.item("outbox", "say:b:2", state=state, put_at=30, settled_at=40)
    assert words in run.check()


def test_an_answer_may_be_doubled_once_a_crash(run):
    run.log.note("message", chat=CHAT, text="hello", links="", buttons="")
    assert run.check(crashes=1) == []
    assert run.check(crashes=0) == ["answers: 1 messages to 500 too many over 0 crashes"]


def test_an_answer_made_twice_is_seen_even_if_there_was_a_crash(run):
    run.item("outbox", "say:b:2", put_at=30, settled_at=40)
    run.log.note("message", chat=CHAT, text="hello", links="", buttons="")
    assert run.check(crashes=1) == ["answers: 1 messages to 500 were put twice into the outbox: 'hello'"]


def test_an_edit_whose_message_is_gone_may_say_it_anew(run):
    run.item("outbox", "edit:500:card", put_at=1, settled_at=40)
    run.log.note("message", chat=CHAT, text="card", links="", buttons="")
    assert run.check() == []
    run.write("UPDATE queue_items SET version = 9 WHERE key = 'edit:500:card'")
    run.log.note("message", chat=CHAT, text="card of later", links="", buttons="")
    assert run.check() == ["answers: 2 messages to 500 too many over 0 crashes"]
    run.log.note("deleted", chat=CHAT, message=2)
    assert run.check() == []


@pytest.mark.parametrize("position", [2, PUT_FINISHED])
def test_settling_out_of_order_is_seen(run, position):
    run.item("inbox", "update:8", put_at=11, settled_at=15, position=position)
    assert run.check() == ["order: inbox 500: update:8 was settled before update:7"]


def test_what_was_asked_for_first_and_committed_later_may_come_later(run):
    run.item("outbox", "say:b:7", put_at=11, settled_at=15)
    run.item("outbox", "say:b:8", put_at=9, settled_at=16, position=2)
    assert not [one for one in run.check() if one.startswith("order")]


@pytest.mark.parametrize("state", ["waiting", "buried"])
def test_an_update_that_is_not_handled_is_seen(run, state):
    run.log.note("update", update=8, what="message", chat=CHAT)
    assert run.check() == ["updates: update 8 of 500 is missing"]
    run.item("inbox", "update:8", state=state)
    assert run.check() == [f"updates: update 8 of 500 is {state}"]


def test_a_press_without_answer_is_seen(run):
    run.log.note("update", update=8, what="callback_query", chat=CHAT, query="q1")
    run.item("inbox", "update:8", put_at=21, settled_at=22)
    assert run.check() == ["updates: the press in update 8 got no answer"]
    run.log.note("press_answered", query="q1", chat=CHAT)
    assert run.check() == []


def test_a_cursor_ahead_of_the_inbox_is_seen_at_its_moment(run):
    run.log.note("update", update=8, what="message", chat=CHAT)
    run.write("UPDATE cursors SET position = 9")
    image = run.image()
    run.item("inbox", "update:8", put_at=21, settled_at=22)
    assert run.check() == []
    assert run.check(history=[image]) == ["cursor: past update 8 at act 5, which is not in the inbox"]


def test_an_update_confirmed_and_not_kept_is_seen(run):
    run.log.note("update", update=8, what="message", chat=CHAT)
    run.log.note("update_confirmed", update=8)
    assert "cursor: past update 8 at act 6, which is not in the inbox" in run.check()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE checkpoints SET version = 3", "went back: checkpoints autopilot:500 from 4 to 3"),
        ("UPDATE cursors SET position = 7", "went back: cursors telegram:1 from 8 to 7"),
        ("UPDATE leases SET epoch = 0, owner = 'x'", "went back: leases shard:244 from 1 to 0"),
    ],
)
def test_what_goes_back_is_seen(run, change, words):
    image = run.image()
    run.write(change)
    assert words in run.check(history=[image])


def test_a_cap_passed_is_seen(run):
    for vacancy in ("v2", "v3"):
        run.effect(vacancy, "confirmed")
        run.log.note("application_made", user=PERSON, vacancy=vacancy, source="api")
    assert run.check() == ["cap: ann applied 3 times in a day, 2 are allowed"]
    assert run.check(daily_limit=3) == []


@pytest.mark.parametrize(
    ("epoch", "boot", "words"),
    [
        (2, "boot-1", ["epoch: effect 500:hh:v2 was begun with epoch 2, which nobody was given"]),
        (
            1,
            "boot-2",
            [
                "epoch: effect 500:hh:v2 was begun by boot-2, the shard is boot-1's",
                "epoch: shard 244 was written in epoch 1 by boot-1, boot-2",
            ],
        ),
    ],
)
def test_a_write_of_somebody_else_is_seen(run, epoch, boot, words):
    run.effect("v2", "refused", epoch=epoch, boot=boot)
    assert run.check() == words


def test_a_write_of_a_former_owner_is_seen(run):
    run.lease(SHARD, "boot-2", 2)
    image = run.image()
    assert run.check(history=[image]) == []
    run.effect("v2", "refused", epoch=1, boot="boot-1", sending_at=99)
    assert run.check(history=[image]) == ["epoch: effect 500:hh:v2 was begun with epoch 1 when 2 was the current one"]


@pytest.fixture
def left(run):
    """The person has asked to be forgotten, and is."""
    run.write("UPDATE users SET deleted_at = 5000")
    run.write("DELETE FROM checkpoints")
    run.write("UPDATE effects SET owner = 0, key = 'pseudonym:hh:v1', payload = 'null'")
    return run


def test_somebody_forgotten_is_known_to_the_ledger_by_another_name(left):
    assert left.check() == []
    left.write("DELETE FROM effects")
    assert left.check() == ["ledger: the board has ('ann', 'v1') and the ledger says None"]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("INSERT INTO cards VALUES (500, 'status', 1, 1)", "forgotten: 1 rows of 500 are left in cards"),
        ("INSERT INTO timers VALUES ('t', 'dialog', 500, 1, '{}')", "forgotten: 1 rows of 500 are left in timers"),
        ("INSERT INTO checkpoints VALUES ('autopilot:500', 4, '{}', 1)", "forgotten: what the hunt of 500 left"),
        ("UPDATE queue_items SET payload = '{}'", "forgotten: words of 500 or to them in a queue"),
        ("UPDATE effects SET payload = '{}'", "forgotten: what was sent for somebody"),
    ],
)
def test_what_is_left_of_somebody_forgotten_is_seen(left, sql, words):
    left.write(sql)
    assert left.check() == [words]


def test_words_after_the_farewell_are_seen(left):
    left.write("UPDATE users SET deleted_at = 1")
    left.item("outbox", "say:b:2", put_at=40, settled_at=50)
    left.log.note("message", chat=CHAT, text="another", links="", buttons="")
    assert left.check() == ["forgotten: 2 messages to 500 afterwards"]


def test_what_was_dropped_while_the_bot_was_kept_out_is_no_lost_message(run):
    run.log.note("blocked", chat=CHAT)
    run.item("outbox", "say:b:2", put_at=40, settled_at=list(run.log.acts())[-1].at + 5)
    assert run.check() == []
    run.log.note("unblocked", chat=CHAT)
    run.item("outbox", "say:b:3", put_at=2_100, settled_at=2_200)
    assert run.check() == ["answers: 1 messages to 500 are marked sent and were not"]


def test_a_secret_in_the_store_or_in_a_log_is_seen(run, tmp_path):
    output = tmp_path / "daemon.log"
    output.write_text("token=s3cr3t", encoding="utf-8")
    assert run.check(outputs=[output], secrets=["unseen", "s3cr3t"]) == [f"secret: number 1 (s3c…) is in {output}"]
    run.write("UPDATE checkpoints SET state = 's3cr3t'")
    assert run.check(secrets=["s3cr3t"]) == ["secret: number 0 (s3c…) is in the store"]


def test_what_is_left_over_is_seen(run):
    assert run.check(left={"tasks": 0, "descriptors": 2}) == ["left over: 2 descriptors after the stop"]
