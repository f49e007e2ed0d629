"""One person's hunt from the first search to the last application, and every way a board can get in its way."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import trio

from daemon.boards.board import BoardTrouble, CaptchaRequired, LoginLost, NotApplicable, UncertainOutcome
from daemon.clock import TrioClock
from daemon.outbox.message import UrlButton
from store.factory import open_store
from tests.fakes.board import FakeBoard, make_vacancy
from tests.fakes.hunting import HH, IVAN, HuntGround, open_ground

if TYPE_CHECKING:
    from trio.testing import MockClock

    from store.store import Store
    from store.write import Write


async def test_hunt_applies_to_everything_that_fits(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(5)), make_vacancy("t", has_test=True))
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(300)
    assert sorted(one.vacancy_id for one in ground.board.applications) == ["0", "1", "2", "3", "4"]
    assert await ground.state("3") == ("applied", None)
    assert await ground.state("t") == ("screened_out", "test_required")
    assert (await ground.said()).count("applied") == 5


async def test_applications_keep_their_pause(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(4)))
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(300)
    gaps = [later.at - earlier.at for earlier, later in itertools.pairwise(ground.board.applications)]
    assert len(gaps) == 3
    assert all(15 < gap < 26 for gap in gaps)


@pytest.mark.slow
async def test_day_ends_at_its_cap_and_goes_on_a_day_later(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(5)))
    await ground.settle(daily_limit=3)
    await ground.start_hunt()
    await trio.sleep(80_000)
    assert len(ground.board.applications) == 3
    await trio.sleep(20_000)
    assert len(ground.board.applications) == 5


async def test_new_vacancies_are_found_by_later_searches(ground: HuntGround, autojump_clock: MockClock) -> None:
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(60)
    ground.board.add(make_vacancy("late"))
    await trio.sleep(700)
    assert await ground.state("late") == ("applied", None)
    assert ground.board.calls.count("search") == 2


async def test_hunt_ends_when_the_wish_ends(ground: HuntGround, autojump_clock: MockClock) -> None:
    await ground.settle()
    await ground.start_hunt()
    await ground.store.write(ground.store.hunts.set_wish(IVAN, "paused", by="person", reason="", now=1))
    await trio.sleep(1)
    ground.board.add(make_vacancy("1"))
    await trio.sleep(5000)
    assert ground.board.applications == []


async def test_full_text_is_screened_before_a_letter(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1", text="Нужно продавать, холодные звонки"), make_vacancy("2"))
    await ground.settle(excluded='{"words": ["холодные звонки"]}')
    await ground.start_hunt()
    await trio.sleep(120)
    assert await ground.state("1") == ("screened_out", "excluded_word")
    assert await ground.state("2") == ("applied", None)


async def test_vanished_vacancy_is_left_with_its_reason(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1"), make_vacancy("2"))
    ground.board.fail_next("fetch_vacancy", NotApplicable("vacancy_gone"))
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(120)
    states = {await ground.state("1"), await ground.state("2")}
    assert states == {("screened_out", "vacancy_gone"), ("applied", None)}


async def test_vacancy_the_board_can_not_show_is_left_alone(ground: HuntGround, autojump_clock: MockClock) -> None:
    class Broken(FakeBoard):
        async def fetch_vacancy(self, access_token: Any, vacancy_id: Any) -> Any:
            if vacancy_id == "1":
                raise BoardTrouble("500 each time")
            return await super().fetch_vacancy(access_token, vacancy_id)

    broken = Broken(_logins=ground.board._logins)
    broken.add(*(make_vacancy(str(number)) for number in range(4)))
    tools = replace(ground.tools, boards=type("One", (), {"get": lambda _, __: broken})())
    await ground.settle()
    await ground.start_hunt(tools=tools)
    await trio.sleep(1500)
    assert await ground.state("1") == ("screened_out", "board_trouble")
    assert sorted(one.vacancy_id for one in broken.applications) == ["0", "2", "3"]


async def test_outage_of_the_board_loses_nothing(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(3)))
    for call in ("search", "fetch_vacancy", "apply"):
        ground.board.fail_next(call, *[BoardTrouble("502") for _ in range(4)])
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(10_000)
    assert Counter(one.vacancy_id for one in ground.board.applications) == {"0": 1, "1": 1, "2": 1}


async def test_search_goes_on_without_a_login(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.close_door("apply", "find_application", "list_resumes", "fetch_resume")
    ground.board.add(make_vacancy("1"), make_vacancy("2"))
    await ground.settle()
    await ground.store.write(ground.store.board_accounts.delete(IVAN, HH))
    await ground.start_hunt()
    await trio.sleep(120)
    assert await ground.state("1") == ("handed_over", "assisted")
    messages = await ground.messages()
    assert [message.text.key for message in messages if message.text] == ["autopilot.handed_over"] * 2
    assert all(message.body and "Здравствуйте" in message.body for message in messages)
    assert isinstance(messages[0].keyboard[0][0], UrlButton)


async def test_shut_door_turns_auto_into_assisted_once(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.close_door("apply")
    ground.board.add(*(make_vacancy(str(number)) for number in range(3)))
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(300)
    account = await ground.store.board_accounts.get(IVAN, HH)
    assert account is not None
    assert account.mode == "assisted"
    assert Counter(await ground.said()) == {"door_closed": 1, "handed_over": 3}
    assert ground.board.calls.count("apply") == 1


async def test_letter_is_shown_first_where_the_person_wants_it(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1"))
    await ground.settle(approval="approve")
    await ground.start_hunt()
    await trio.sleep(60)
    assert await ground.state("1") == ("waiting_for_you", "awaits_answer")
    assert ground.board.applications == []
    (message,) = await ground.messages()
    assert message.body == ground.letter_of(await ground.vacancy("1"))


async def test_unanswered_letters_do_not_pile_up(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(30)))
    await ground.settle(approval="approve")
    await ground.start_hunt()
    await trio.sleep(3000)
    assert (await ground.said()).count("waiting") == 10


async def test_captcha_at_a_search_hands_over_the_link(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1"))
    ground.board.fail_next("search", CaptchaRequired("https://board.example/captcha?state=1"))
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(60)
    (message,) = await ground.messages()
    button = message.keyboard[0][0]
    assert isinstance(button, UrlButton)
    assert button.url.startswith("https://board.example/captcha?state=1")
    await trio.sleep(700)
    assert await ground.state("1") == ("applied", None)


async def test_lost_login_rests_until_the_person_connects(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1"))
    ground.board.fail_next("search", LoginLost())
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(20_000)
    assert await ground.said() == ["login_lost"]
    assert ground.board.calls.count("search") == 1
    await ground.connect()
    await trio.sleep(60)
    assert await ground.state("1") == ("applied", None)


async def test_login_that_others_found_lost_is_told_once(ground: HuntGround, autojump_clock: MockClock) -> None:
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(5)
    await ground.store.write(ground.store.board_accounts.set_state(IVAN, HH, "lost"))
    await trio.sleep(80_000)
    assert await ground.said() == ["login_lost"]


async def test_person_without_resume_is_told_and_paused(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1"))
    await ground.settle()
    ground.resumes.chosen[IVAN] = None
    await ground.start_hunt()
    await trio.sleep(60)
    hunt = await ground.store.hunts.get(IVAN)
    assert hunt is not None
    assert (hunt.wish, hunt.wish_by, hunt.wish_reason) == ("paused", "rule", "resume_gone")
    assert await ground.said() == ["resume_gone"]


async def test_new_query_is_searched_at_once(ground: HuntGround, autojump_clock: MockClock) -> None:
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(10)
    await ground.store.write(ground.store.hunts.set_query(IVAN, "golang"))
    await trio.sleep(10)
    assert ground.board.calls.count("search") == 2


async def test_status_card_is_edited_only_when_counts_change(ground: HuntGround, autojump_clock: MockClock) -> None:
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(5)
    first = await ground.store.queues.get("outbox", f"edit:{IVAN}:hunt")
    await trio.sleep(5000)
    later = await ground.store.queues.get("outbox", f"edit:{IVAN}:hunt")
    assert first is not None
    assert later is not None
    assert later.put_at == first.put_at


# Killed anywhere.


class Killed(BaseException):
    """The process is gone in this moment; nobody catches it."""


class FragileStore:
    """A store whose process dies at write number `dies_at`, before or after it is on disk."""

    def __init__(self, store: Store, dies_at: int, *, is_written: bool) -> None:
        self._store = store
        self._dies_at = dies_at
        self._is_written = is_written
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, write: Write) -> None:
        self.writes += 1
        if self.writes == self._dies_at and not self._is_written:
            raise Killed
        await self._store.write(write)
        if self.writes == self._dies_at:
            raise Killed


class FragileBoard(FakeBoard):
    """A board at whose call number `dies_at` the caller dies, before or after it is carried out."""

    dies_at = 0
    is_done = False

    async def _die(self, call: Any, *arguments: Any) -> Any:
        is_last = len(self.calls) + 1 == self.dies_at
        if is_last and not self.is_done:
            raise Killed
        result = await call(*arguments)
        if is_last:
            raise Killed
        return result

    async def search(self, *arguments: Any) -> Any:
        return await self._die(super().search, *arguments)

    async def fetch_vacancy(self, *arguments: Any) -> Any:
        return await self._die(super().fetch_vacancy, *arguments)

    async def apply(self, *arguments: Any) -> Any:
        return await self._die(super().apply, *arguments)

    async def find_application(self, *arguments: Any) -> Any:
        return await self._die(super().find_application, *arguments)


async def live_twice(board: FakeBoard, dies_at: int, *, is_written: bool) -> bool:
    """A first life that is killed, a second one on the same store. True when the first was killed at all."""
    was_killed = False
    clock = TrioClock()
    async with open_store("sqlite://", inline=True) as store:
        fragile: Any = FragileStore(store, dies_at, is_written=is_written)
        async with open_ground(store, board, clock, boot_id="boot-1") as first:
            await first.settle()
            try:
                with trio.move_on_after(200):
                    status: Any = trio.TASK_STATUS_IGNORED
                    await first.hunt(replace(first.tools, store=fragile), status)
            except Killed:
                was_killed = True
        if isinstance(board, FragileBoard):
            board.dies_at = 0
        async with open_ground(store, board, clock, boot_id="boot-2") as second:
            await second.revive(first)
            await second.start_hunt()
            await trio.sleep(3000)
            await judge(second, board)
    return was_killed


async def judge(ground: HuntGround, board: FakeBoard) -> None:
    """Everything applied once, said once, and the ledger agrees with the board."""
    assert Counter(one.vacancy_id for one in board.applications) == {"0": 1, "1": 1, "2": 1}
    assert Counter(await ground.said()) == {"applied": 3}
    for vacancy_id in "012":
        assert (await ground.state(vacancy_id))[0] == "applied"
        assert (await ground.effect(vacancy_id)).state == "confirmed"


@pytest.mark.slow
@pytest.mark.parametrize("is_written", [False, True])
async def test_killed_at_every_write_nothing_doubles_or_is_lost(is_written: bool, autojump_clock: MockClock) -> None:
    for dies_at in itertools.count(1):
        board = FakeBoard()
        board.add(*(make_vacancy(str(number)) for number in range(3)))
        if not await live_twice(board, dies_at, is_written=is_written):
            break
    assert dies_at > 12, "the story has more steps than that"


@pytest.mark.slow
@pytest.mark.parametrize("is_done", [False, True])
async def test_killed_at_every_call_nothing_doubles_or_is_lost(is_done: bool, autojump_clock: MockClock) -> None:
    for dies_at in itertools.count(1):
        board = FragileBoard()
        board.dies_at, board.is_done = dies_at, is_done
        board.add(*(make_vacancy(str(number)) for number in range(3)))
        if not await live_twice(board, -1, is_written=False):
            break
    assert dies_at > 7, "one search, three looks, three applications"


@pytest.mark.parametrize("at", [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 25.0, 26.5])
async def test_cancelled_at_any_moment_nothing_doubles_or_is_lost(at: float, autojump_clock: MockClock) -> None:
    board = FakeBoard(delay_seconds=1.0)
    board.add(*(make_vacancy(str(number)) for number in range(3)))
    async with open_store("sqlite://", inline=True) as store:
        async with open_ground(store, board, TrioClock()) as first:
            await first.settle()
            await first.start_hunt()
            await trio.sleep(at)
        async with open_ground(store, board, TrioClock(), boot_id="boot-2") as second:
            await second.revive(first)
            await second.start_hunt()
            await trio.sleep(3000)
            await judge(second, board)


async def test_answers_lost_on_the_way_are_asked_for(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(3)))
    ground.board.lose_answer_of_next_apply()
    ground.board.fail_next("apply", UncertainOutcome())
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(3000)
    await judge(ground, ground.board)


async def test_second_owner_refuses_the_first(store: Store, board: FakeBoard, autojump_clock: MockClock) -> None:
    board.add(make_vacancy("1"))
    async with open_ground(store, board, TrioClock()) as first:
        await first.settle()
        async with open_ground(store, board, TrioClock(), boot_id="boot-2"):
            with pytest.raises(Exception, match="lease") as caught:
                await first.hunt(first.tools, trio.TASK_STATUS_IGNORED)
    assert type(caught.value).__name__ == "LeaseLost"
    assert board.applications == []
