"""The plot of a story: the same seed the same course, different seeds different ones, blows always in order."""

from __future__ import annotations

import pytest

from daemon.clock import TrioClock
from daemon.sandbox.hh import build_hh
from daemon.sandbox.plot import APPLICATIONS, PLENTY, Moment, choose_people, make_plot


@pytest.fixture
async def board():
    return build_hh(TrioClock(), 1, lambda *_args, **_facts: None).state


async def test_the_same_seed_tells_the_same_story(board):
    assert make_plot(5, board) == make_plot(5, board)


async def test_seeds_vary_person_and_moments(board):
    plots = [make_plot(seed, board) for seed in range(1, 21)]
    assert len({plot.person.person_id for plot in plots}) > 3
    assert len({plot.moments for plot in plots}) > 15
    assert {plot.language for plot in plots} == {"ru", "en"}


@pytest.mark.parametrize("seed", range(1, 21))
async def test_one_stop_and_two_kills_come_in_order(board, seed):
    first, second, third = make_plot(seed, board).moments
    assert (first.blow, second.blow, third.blow) == ("kill", "stop", "kill")
    assert (first.kind, second.kind, third.kind) == ("press", "application", "application")
    assert second.count < third.count < APPLICATIONS
    assert third.is_in_flight


async def test_only_people_with_plenty_to_find_are_told_about(board):
    people = choose_people(board)
    assert people
    for person in people:
        trade = person.resumes[0].trade
        assert sum(v.is_suitable for v in board.vacancies.values() if v.trade == trade) >= PLENTY
        assert person.resumes[0].status == "published"


def test_a_moment_says_itself():
    assert (
        str(Moment("kill", "application", 7, is_in_flight=True))
        == "SIGKILL between request and answer of application 7"
    )
    assert str(Moment("stop", "press", 2)) == "SIGTERM at press 2"
