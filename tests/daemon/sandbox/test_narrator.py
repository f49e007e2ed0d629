"""The narrator: one line for what a reader cares about, a bar on a terminal, silence about the rest."""

from __future__ import annotations

import io

import pytest
from trio.testing import wait_all_tasks_blocked

from daemon.sandbox.hh import build_hh
from daemon.sandbox.narrator import Narrator
from daemon.sandbox.world_log import Act


@pytest.fixture
async def board(world_clock):
    return build_hh(world_clock, 1, lambda *_args, **_facts: None).state


def told(board, *acts):
    output = io.StringIO()
    narrator = Narrator(board, 26, output)
    for n, (kind, facts) in enumerate(acts, 1):
        narrator.tell(Act(n, 1_000 * n, kind, facts))
    return output.getvalue().splitlines()


async def test_an_application_is_told_with_its_vacancy(board):
    vacancy = next(iter(board.vacancies.values()))
    lines = told(board, ("application_made", {"vacancy": vacancy.vacancy_id, "letter": "раз два три"}))
    assert lines == [
        f"  0.0 s   board: application 1 for {vacancy.title} at {vacancy.employer.name}, letter of 3 words"
    ]


async def test_times_count_from_the_first_act(board):
    assert told(board, ("searched", {}), ("daemon_killed", {}))[-1] == "  1.0 s  daemon: SIGKILL"


@pytest.mark.parametrize(
    ("act", "line"),
    [
        (("update", {"what": "message", "text": "/start"}), "person: /start"),
        (("update", {"what": "callback_query"}), "person: presses the button"),
        (("message", {"text": "Здравствуйте!\n\nЯ Аврора", "links": ""}), "   bot: Здравствуйте! Я Аврора"),
        (
            ("application_refused", {"vacancy": "?", "value": "limit_exceeded"}),
            " board: refuses an application to ? (limit_exceeded)",
        ),
        (("code_issued", {}), " board: lets the person's login in"),
    ],
)
async def test_each_kind_of_act_has_its_line(board, act, line):
    assert told(board, act)[0].endswith(line)


async def test_what_nobody_wants_to_know_is_not_told(board):
    news = ("message", {"text": "✅", "links": "http://x/vacancy/5"})
    assert told(board, ("searched", {}), ("update_confirmed", {}), ("edit", {"text": "x"}), news) == []


async def test_long_words_are_cut(board):
    line = told(board, ("message", {"text": "a" * 500, "links": ""}))[0]
    assert len(line) < 140
    assert line.endswith("…")


async def test_the_log_is_followed_as_it_grows(board, world_log, nursery):
    output = io.StringIO()
    narrator = Narrator(board, 26, output)
    world_log.note("daemon_started")
    nursery.start_soon(narrator.follow, world_log)
    await wait_all_tasks_blocked()
    world_log.note("daemon_killed")
    await wait_all_tasks_blocked()
    assert [line.partition("s  ")[2] for line in output.getvalue().splitlines()] == [
        "daemon: starts",
        "daemon: SIGKILL",
    ]


async def test_without_a_terminal_there_is_no_bar(board):
    output = io.StringIO()
    narrator = Narrator(board, 26, output)
    with narrator.on_stage():
        narrator.say("hello [world]")
    assert output.getvalue() == "hello [world]\n"


async def test_on_a_terminal_the_bar_counts(board, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    output = io.StringIO()
    narrator = Narrator(board, 26, output)
    with narrator.on_stage():
        narrator.tell(Act(1, 1, "application_made", {"vacancy": "?"}))
        assert narrator.applied == 1
    assert "1/26" in output.getvalue()
