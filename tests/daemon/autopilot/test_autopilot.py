"""One person's hunt from the first search to the last application, and every way a board can get in its way."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import trio

from daemon.autopilot.screening import ModelScreener
from daemon.boards.board import BoardTrouble, CaptchaRequired, LoginLost, NotApplicable, UncertainOutcome
from daemon.clock import TrioClock
from daemon.outbox.message import UrlButton
from store.ids import UserId
from tests.fakes.board import FakeBoard, make_vacancy
from tests.fakes.hunting import HH, IVAN, HuntGround, ScriptedAsker, open_ground

if TYPE_CHECKING:
    from trio.testing import MockClock

    from store.store import Store


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


async def test_next_letter_is_written_during_the_pause(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(4)))
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(10)
    counts = await ground.store.vacancies.count_by_state(IVAN)
    assert counts == {"applied": 1, "letter_ready": 1, "found": 2}


async def test_cards_keep_the_pause_too(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(5)))
    await ground.settle(mode="assisted")
    await ground.start_hunt()
    await trio.sleep(10)
    assert len(await ground.said()) == 1
    await trio.sleep(100)
    assert len(await ground.said()) == 5


async def test_hunts_take_turns(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1"))
    tools = replace(ground.tools, turns=trio.CapacityLimiter(2))
    busiest = 0

    async def look() -> None:
        nonlocal busiest
        while True:
            busiest = max(busiest, tools.turns.borrowed_tokens)
            await trio.sleep(0.1)

    ground.board.delay_seconds = 1
    for number in range(1, 6):
        await ground.settle(UserId(number))
    ground.nursery.start_soon(look)
    for number in range(1, 6):
        await ground.start_hunt(UserId(number), tools)
    await trio.sleep(60)
    assert len(ground.board.applications) == 5
    assert busiest == 2


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


async def test_search_that_found_the_login_lost_is_made_as_soon_as_there_is_one(
    ground: HuntGround, autojump_clock: MockClock
) -> None:
    ground.board.add(make_vacancy("1"))
    ground.board.fail_next("search", LoginLost())
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(30)
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


async def test_blocked_bot_pauses_the_hunt_until_let_in_again(ground: HuntGround, autojump_clock: MockClock) -> None:
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(5)
    await ground.store.write(ground.store.users.set_blocked(IVAN, 1))
    ground.board.add(make_vacancy("1"))
    await trio.sleep(5000)
    assert ground.board.applications == []
    await ground.store.write(ground.store.users.set_blocked(IVAN, None))
    await trio.sleep(5)
    assert len(ground.board.applications) == 1


async def test_card_says_working_while_there_is_work(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(3)))
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(10)
    assert await ground.card() == "autopilot.card.working"
    await trio.sleep(200)
    assert await ground.card() == "autopilot.card.sleeping"


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


async def test_vacancy_put_away_meanwhile_stays_away(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1"), make_vacancy("2"))
    fetch = ground.board.fetch_vacancy

    async def fetch_while_the_person_decides(token: Any, vacancy_id: Any) -> Any:
        if vacancy_id == "1" and (await ground.state("1"))[0] == "found":
            skip = ground.store.vacancies.set_state(IVAN, HH, vacancy_id, "screened_out", now=1, reason="skipped")
            await ground.store.write(skip)
        return await fetch(token, vacancy_id)

    ground.board.fetch_vacancy = fetch_while_the_person_decides  # type: ignore[method-assign]  # a press in that moment
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(120)
    assert await ground.state("1") == ("screened_out", "skipped")
    assert await ground.state("2") == ("applied", None)


async def test_model_may_leave_a_vacancy_out(
    store: Store, board: FakeBoard, clock: TrioClock, autojump_clock: MockClock
) -> None:
    async def may_ask(_: UserId) -> bool:
        return True

    board.add(make_vacancy("1"))
    screener = ModelScreener(ScriptedAsker({"fits": False, "reason": "another trade"}), may_ask)
    async with open_ground(store, board, clock) as ground:
        await ground.settle()
        await ground.start_hunt(tools=replace(ground.tools, screener=screener))
        await trio.sleep(60)
        assert await ground.state("1") == ("screened_out", "model_says_no")


async def test_reposts_are_left_out_where_it_is_wanted(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1", title="Менеджер по закупкам", employer="Агент"))
    await ground.settle(excluded='{"skips_reposts": true}')
    await ground.start_hunt()
    await trio.sleep(60)
    ground.board.add(make_vacancy("2", title="Менеджер по закупкам!", employer="ООО Агент"))
    await trio.sleep(700)
    assert await ground.state("2") == ("screened_out", "repost")


async def test_planned_letter_is_handed_over_when_the_door_shuts(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1"))
    ground.board.fail_next("apply", UncertainOutcome())
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(10)
    await ground.crash()
    row = await ground.vacancy("1")
    await ground.store.write(
        ground.store.effects.replan("application", "42:hh:1", now=ground.tools.clock.now())
        + ground.store.vacancies.set_state(IVAN, HH, row.vacancy_id, "applying", now=row.changed_at)
        + ground.store.board_accounts.set_mode(IVAN, HH, "assisted")
    )
    await ground.start_hunt()
    await trio.sleep(10)
    assert await ground.state("1") == ("handed_over", "assisted")
    assert (await ground.effect("1")).state == "refused"


async def test_answers_lost_on_the_way_are_asked_for(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(3)))
    ground.board.lose_answer_of_next_apply()
    ground.board.fail_next("apply", UncertainOutcome())
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(3000)
    assert Counter(one.vacancy_id for one in ground.board.applications) == {"0": 1, "1": 1, "2": 1}
    assert Counter(await ground.said()) == {"applied": 3}


async def test_second_owner_refuses_the_first(store: Store, board: FakeBoard, autojump_clock: MockClock) -> None:
    board.add(make_vacancy("1"))
    async with open_ground(store, board, TrioClock()) as first:
        await first.settle()
        async with open_ground(store, board, TrioClock(), boot_id="boot-2"):
            with pytest.raises(Exception, match="lease") as caught:
                await first.hunt(first.tools, trio.TASK_STATUS_IGNORED)
    assert type(caught.value).__name__ == "LeaseLost"
    assert board.applications == []
