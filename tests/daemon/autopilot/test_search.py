"""Searches: what is new, what is screened at once, how deep, and what a search that passes proves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trio

from daemon.autopilot.search import make_query
from daemon.autopilot.wishes import SearchWishes
from daemon.boards.board import BoardTrouble, CaptchaRequired, SearchPage
from tests.fakes.board import make_vacancy
from tests.fakes.hunting import IVAN

if TYPE_CHECKING:
    import pytest
    from trio.testing import MockClock

    from tests.fakes.hunting import HuntGround


async def hunt(ground: HuntGround, seconds: float = 5, **row: Any) -> None:
    await ground.settle(**row)
    await ground.start_hunt()
    await trio.sleep(seconds)


async def test_screened_vacancy_costs_no_look(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1", has_test=True), make_vacancy("2", is_direct=True))
    await hunt(ground)
    assert await ground.state("1") == ("screened_out", "test_required")
    assert await ground.state("2") == ("screened_out", "direct")
    assert "fetch_vacancy" not in ground.board.calls


async def test_known_vacancies_are_not_written_again(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1", has_test=True))
    await hunt(ground)
    first = await ground.vacancy("1")
    await trio.sleep(3000)
    assert ground.board.calls.count("search") > 3
    assert await ground.vacancy("1") == first


async def test_search_goes_deeper_while_pages_bring_news(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number), has_test=True) for number in range(250)))
    await hunt(ground)
    assert ground.board.calls.count("search") == 3
    assert (await ground.store.vacancies.count_by_state(IVAN))["screened_out"] == 250


async def test_search_stops_when_enough_fits(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(300)))
    await hunt(ground, daily_limit=10)
    assert ground.board.calls.count("search") == 1


async def test_search_that_ended_in_the_middle_is_gone_on_with(
    ground: HuntGround, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lay below the first page was never seen by anybody: the next search found nothing new above it."""
    ground.board.add(*(make_vacancy(str(number), has_test=True) for number in range(450)))
    search, failures = ground.board.search, 2

    async def break_off(token: Any, query: Any, page: int = 0) -> SearchPage:
        nonlocal failures
        if page == 1 and failures:
            failures -= 1
            raise BoardTrouble
        return await search(token, query, page)

    monkeypatch.setattr(ground.board, "search", break_off)
    await hunt(ground, 3 * 3600)
    assert (await ground.store.vacancies.count_by_state(IVAN))["screened_out"] == 450
    calls = ground.board.calls.count("search")
    await trio.sleep(3600)
    assert 3 <= ground.board.calls.count("search") - calls <= 12, "afterwards the first page is enough again"


async def test_what_was_left_because_enough_was_at_hand_is_read_when_it_is_used_up(
    ground: HuntGround, autojump_clock: MockClock
) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(150)))
    await hunt(ground, 3600, daily_limit=30)
    counts = await ground.store.vacancies.count_by_state(IVAN)
    assert sum(counts.values()) == 100
    assert ground.board.calls.count("search") > 2
    for row in await ground.store.vacancies.latest(IVAN, "found", 60):
        gone = ground.store.vacancies.set_state(
            IVAN, row.board, row.vacancy_id, "screened_out", now=ground.tools.clock.now(), reason="archived"
        )
        await ground.store.write(gone)
    await trio.sleep(3600)
    assert sum((await ground.store.vacancies.count_by_state(IVAN)).values()) == 150


async def test_other_query_is_read_to_its_end_whatever_its_first_page_has(
    ground: HuntGround, autojump_clock: MockClock
) -> None:
    ground.board.add(*(make_vacancy(str(number), has_test=True) for number in range(250)))
    await hunt(ground)
    calls = ground.board.calls.count("search")
    await ground.store.write(ground.store.hunts.set_query(IVAN, "python django"))
    await trio.sleep(3600)
    assert ground.board.calls.count("search") - calls >= 3 + 4


async def test_page_with_the_same_vacancy_twice_is_read(ground: HuntGround, autojump_clock: MockClock) -> None:
    async def search(*_: Any) -> SearchPage:
        await trio.lowlevel.checkpoint()
        return SearchPage((make_vacancy("1"), make_vacancy("1")), found=2, pages=1, broken=3)

    ground.board.add(make_vacancy("1"))
    ground.board.search = search  # type: ignore[method-assign]  # a page as real boards give it
    await hunt(ground)
    assert await ground.state("1") == ("applied", None)


async def test_endless_titles_are_cut(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1", title="Т" * 5000, employer="Е" * 5000, has_test=True))
    await hunt(ground)
    row = await ground.vacancy("1")
    assert (len(row.title), len(row.employer)) == (300, 300)


async def test_fruitless_searches_are_noted_since_the_first(ground: HuntGround, autojump_clock: MockClock) -> None:
    await hunt(ground)
    checkpoint = await ground.store.checkpoints.load(f"autopilot:{IVAN}")
    await trio.sleep(3000)
    later = await ground.store.checkpoints.load(f"autopilot:{IVAN}")
    assert checkpoint is not None
    assert later is not None
    assert later.state["fruitless_since"] == checkpoint.state["fruitless_since"]
    ground.board.add(make_vacancy("1"))
    await trio.sleep(700)
    last = await ground.store.checkpoints.load(f"autopilot:{IVAN}")
    assert last is not None
    assert last.state["fruitless_since"] is None


async def test_passing_search_ends_the_first_captchas_rest(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.fail_next("search", CaptchaRequired("https://board.example/c"))
    await hunt(ground, seconds=700)
    row = await ground.store.hunts.get(IVAN)
    assert row is not None
    assert (row.rest_reason, row.rest_link) == (None, None)


def test_excluded_words_stay_with_us() -> None:
    query = make_query("python", SearchWishes(words=("стажер",), lowest_salary=100_000, is_remote=True))
    assert (query.text, query.excluded_words, query.salary, query.currency) == ("python", (), 100_000, "RUB")
    assert query.is_remote
    assert make_query("python", SearchWishes()).currency is None
