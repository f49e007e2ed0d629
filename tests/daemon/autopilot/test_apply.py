"""One application through the ledger: every answer a board can give, and what the person and the store get from it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import trio

from daemon.autopilot.apply import bare_vacancy, open_letter, plan_application
from daemon.autopilot.hunt import open_hunt
from daemon.boards.board import (
    BoardBusy,
    BoardError,
    BoardTrouble,
    CaptchaRequired,
    LetterRejected,
    LimitReached,
    LoginExpired,
    LoginLost,
    NotApplicable,
    ResumeGone,
    UncertainOutcome,
)
from daemon.clock import DAY, SECOND
from daemon.outbox.message import UrlButton
from tests.fakes.board import make_vacancy
from tests.fakes.hunting import HH, IVAN, ScriptedAsker, open_ground

if TYPE_CHECKING:
    from trio.testing import MockClock

    from daemon.clock import TrioClock
    from store.store import Store
    from store.write import Write
    from tests.fakes.board import FakeBoard
    from tests.fakes.hunting import HuntGround


async def apply_once(ground: HuntGround, *errors: Exception, seconds: float = 10) -> None:
    """One vacancy, and a board that answers the first applications with these."""
    ground.board.add(make_vacancy("1"))
    ground.board.fail_next("apply", *errors)
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(seconds)


async def test_application_is_on_disk_before_it_leaves(ground: HuntGround, autojump_clock: MockClock) -> None:
    seen: list[tuple[str, str]] = []

    class Watching:
        def __getattr__(self, name: str) -> Any:
            return getattr(ground.board, name)

        async def apply(self, *arguments: Any) -> Any:
            seen.append(((await ground.effect("1")).state, (await ground.state("1"))[0]))
            return await ground.board.apply(*arguments)

    ground.board.add(make_vacancy("1"))
    await ground.settle()
    tools = replace(ground.tools, boards=type("One", (), {"get": lambda _, __: Watching()})())
    await ground.start_hunt(tools=tools)
    await trio.sleep(10)
    assert seen == [("sending", "applying")]


async def test_stop_while_an_application_begins_leaves_no_doubt(ground: HuntGround, autojump_clock: MockClock) -> None:
    class Stopping:
        def __getattr__(self, name: str) -> Any:
            return getattr(ground.store, name)

        async def write(self, write: Write) -> None:
            if any("state = 'sending'" in statement.sql for statement in write.statements):
                ground.scopes[IVAN].cancel()
            await ground.store.write(write)

    ground.board.add(make_vacancy("1"))
    await ground.settle()
    await ground.start_hunt(tools=replace(ground.tools, store=Stopping()))
    await ground.ended[IVAN].wait()
    assert (await ground.effect("1")).state == "confirmed"
    assert await ground.state("1") == ("applied", None)


async def test_stopped_hunt_begins_no_application(ground: HuntGround, autojump_clock: MockClock) -> None:
    async def stop(*_: Any) -> float:
        ground.scopes[IVAN].cancel()
        return 60.0

    ground.board.add(make_vacancy("1"))
    await ground.settle()
    ground.tools.ownership.wait_trust = stop  # type: ignore[method-assign]  # the last moment before it begins
    await ground.start_hunt()
    await ground.ended[IVAN].wait()
    assert (await ground.effect("1")).state == "planned"
    assert not ground.board.applications


async def test_confirmed_application_leaves_one_of_everything(ground: HuntGround, autojump_clock: MockClock) -> None:
    await apply_once(ground)
    effect = await ground.effect("1")
    assert (effect.state, effect.attempt, effect.external_id) == ("confirmed", 1, "n1")
    assert effect.payload == {"resume_id": "r1"}
    assert await ground.state("1") == ("applied", None)
    assert await ground.said() == ["applied"]


async def test_known_application_counts_as_made(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1"))
    await ground.settle()
    token = ground.board.make_token(f"person-{IVAN}")
    fetch = ground.board.fetch_vacancy

    async def answered_meanwhile(*arguments: Any) -> Any:
        vacancy = await fetch(*arguments)
        await ground.board.apply(token, "r1", vacancy.vacancy_id, "by hand")
        return vacancy

    ground.board.fetch_vacancy = answered_meanwhile  # type: ignore[method-assign]  # in the moment between look and send
    await ground.start_hunt()
    await trio.sleep(10)
    assert await ground.state("1") == ("applied", "already_applied")
    assert (await ground.effect("1")).state == "confirmed"
    assert len(ground.board.applications) == 1


@pytest.mark.parametrize("reason", ["test_required", "archived", "application_denied", "vacancy_gone", "wrong_state"])
async def test_vacancy_that_never_takes_it_is_refused(
    ground: HuntGround, autojump_clock: MockClock, reason: str
) -> None:
    await apply_once(ground, NotApplicable(reason), seconds=3000)
    assert await ground.state("1") == ("refused", reason)
    assert (await ground.effect("1")).reason == reason
    assert ground.board.calls.count("apply") == 1
    assert await ground.store.effects.count("application", IVAN, 0) == 0, "its place of the day is given back"


async def test_direct_vacancy_is_handed_over_with_its_link(ground: HuntGround, autojump_clock: MockClock) -> None:
    await apply_once(ground, NotApplicable("direct", url="https://employer.example/jobs/1"))
    assert await ground.state("1") == ("handed_over", "direct")
    (message,) = await ground.messages()
    button = message.keyboard[0][0]
    assert isinstance(button, UrlButton)
    assert button.url == "https://employer.example/jobs/1"
    assert message.body


async def test_rejected_letter_goes_once_more_as_template(
    store: Store, board: FakeBoard, clock: TrioClock, autojump_clock: MockClock
) -> None:
    written = (
        "Здравствуйте! Меня заинтересовала ваша вакансия: пишу сервисы на Python и люблю понятный код, спокойную работу "
        "в команде и задачи, у которых видно пользу. Пять лет занимаюсь этим каждый день и хочу продолжать. [[NAME]]"
    )
    asker = ScriptedAsker({"letter": written})
    async with open_ground(store, board, clock, ask=asker) as ground:
        await apply_once(ground, LetterRejected("inappropriate_language"), seconds=60)
        assert await ground.state("1") == ("applied", None)
        (application,) = board.applications
        assert application.letter != written.replace("[[NAME]]", "Иван Иванов")
        assert (await ground.effect("1")).attempt == 2


async def test_twice_rejected_letter_ends_it(ground: HuntGround, autojump_clock: MockClock) -> None:
    await apply_once(ground, LetterRejected("empty_message"), LetterRejected("empty_message"), seconds=3000)
    assert await ground.state("1") == ("refused", "letter_rejected")
    assert ground.board.calls.count("apply") <= 2


@pytest.mark.parametrize("error", [UncertainOutcome(), BoardError("of a kind nobody knows yet")])
async def test_unknown_outcome_is_never_sent_again_by_itself(
    ground: HuntGround, autojump_clock: MockClock, error: Exception
) -> None:
    await apply_once(ground, error)
    assert await ground.state("1") == ("ambiguous", "lost_answer")
    await trio.sleep(100)
    assert ground.board.calls.count("apply") == 1
    assert "find_application" not in ground.board.calls, "not before the grace"


async def test_hanging_board_is_left_within_the_grace(ground: HuntGround, autojump_clock: MockClock) -> None:
    apply = ground.board.apply

    async def hang(*arguments: Any) -> Any:
        await trio.sleep(3600)
        return await apply(*arguments)

    ground.board.apply = hang  # type: ignore[method-assign]  # a board that accepts the connection and is silent
    await apply_once(ground, seconds=40)
    assert await ground.state("1") == ("ambiguous", "lost_answer")


async def test_stop_gives_the_call_in_flight_a_last_second(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.delay_seconds = 2.0
    await apply_once(ground, seconds=5.5)
    assert (await ground.effect("1")).state == "sending"
    stopped_at = trio.current_time()
    await ground.crash()
    assert trio.current_time() - stopped_at == pytest.approx(0.5)
    assert await ground.state("1") == ("applied", None)
    assert await ground.said() == ["applied"]


async def test_stop_waits_no_longer_than_that(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.delay_seconds = 20.0
    await apply_once(ground, seconds=45)
    stopped_at = trio.current_time()
    await ground.crash()
    assert trio.current_time() - stopped_at == pytest.approx(1.0)
    assert (await ground.effect("1")).state == "sending"
    assert (await ground.state("1"))[0] == "applying"


async def test_limit_rests_until_the_window_frees(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(4)))
    ground.board.limit = 2
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(20_000)
    assert ground.board.calls.count("apply") == 3, "one attempt over the limit, no more"
    assert Counter(await ground.said()) == {"applied": 2, "limit": 1}
    hunt = await ground.store.hunts.get(IVAN)
    oldest = await ground.store.effects.oldest("application", IVAN, 0)
    assert hunt is not None
    assert oldest is not None
    assert (hunt.rest_reason, hunt.rests_until) == ("limit", oldest + DAY)
    ground.board.limit = None
    await trio.sleep(70_000)
    assert len(ground.board.applications) == 4


async def test_limit_leaves_nothing_lost(ground: HuntGround, autojump_clock: MockClock) -> None:
    await apply_once(ground, LimitReached())
    assert await ground.state("1") == ("letter_ready", "limit_reached")
    letter = (await ground.vacancy("1")).sealed_letter
    await trio.sleep(86_400)
    assert await ground.state("1") == ("applied", None)
    assert (await ground.vacancy("1")).sealed_letter == letter


async def test_captcha_rests_and_goes_on_after_next_search(ground: HuntGround, autojump_clock: MockClock) -> None:
    await apply_once(ground, CaptchaRequired("https://board.example/captcha?state=9"))
    assert await ground.state("1") == ("letter_ready", "captcha")
    assert await ground.said() == ["captcha"]
    await trio.sleep(700)
    assert await ground.state("1") == ("applied", None)


async def test_return_from_captcha_goes_on_at_once(ground: HuntGround, autojump_clock: MockClock) -> None:
    await apply_once(ground, CaptchaRequired("https://board.example/captcha?state=9"))
    await ground.store.write(ground.store.hunts.wake_up(IVAN))
    await trio.sleep(5)
    assert await ground.state("1") == ("applied", None)


async def test_unsolved_captcha_does_not_nag(ground: HuntGround, autojump_clock: MockClock) -> None:
    errors = [CaptchaRequired(f"https://board.example/captcha?state={number}") for number in range(500)]
    await apply_once(ground, *errors, seconds=86_400)
    assert 2 <= (await ground.said()).count("captcha") <= 10


async def test_lost_login_keeps_the_letter(ground: HuntGround, autojump_clock: MockClock) -> None:
    await apply_once(ground, LoginLost(), seconds=5000)
    assert await ground.state("1") == ("letter_ready", "login_lost")
    assert await ground.said() == ["login_lost"]
    await ground.connect()
    await trio.sleep(60)
    assert await ground.state("1") == ("applied", None)


async def test_hidden_resume_pauses_with_a_reason(ground: HuntGround, autojump_clock: MockClock) -> None:
    await apply_once(ground, ResumeGone())
    hunt = await ground.store.hunts.get(IVAN)
    assert hunt is not None
    assert (hunt.wish, hunt.wish_reason) == ("paused", "resume_gone")
    assert await ground.state("1") == ("letter_ready", "resume_gone")


@pytest.mark.parametrize("error", [BoardTrouble("503"), BoardBusy(retry_after_seconds=30), LoginExpired()])
async def test_what_was_surely_not_sent_is_sent_later(
    ground: HuntGround, autojump_clock: MockClock, error: Exception
) -> None:
    await apply_once(ground, error, seconds=5)
    assert await ground.state("1") == ("letter_ready", "board_trouble")
    await trio.sleep(120)
    assert await ground.state("1") == ("applied", None)
    assert len(ground.board.applications) == 1


async def test_vacancy_that_fails_alone_is_given_up(ground: HuntGround, autojump_clock: MockClock) -> None:
    await apply_once(ground, *[BoardTrouble("500") for _ in range(30)], seconds=20_000)
    assert await ground.state("1") == ("refused", "board_trouble")


async def test_approved_letter_is_not_asked_about_again(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(make_vacancy("1"))
    ground.board.fail_next("apply", LimitReached())
    await ground.settle(approval="approve")
    await ground.start_hunt()
    await trio.sleep(10)
    row = await ground.vacancy("1")
    approve = ground.store.vacancies.set_state(
        IVAN, HH, row.vacancy_id, "letter_ready", now=row.changed_at + 1, reason="approved", from_state=row.state
    )
    await ground.store.write(approve + ground.store.hunts.wake_up(IVAN))
    await trio.sleep(86_400)
    assert await ground.state("1") == ("applied", None)
    assert (await ground.said()).count("waiting") == 1


async def plan_by_hand(ground: HuntGround) -> Any:
    """A hunt at rest with one letter ready, and the step that would plan it."""
    ground.board.add(make_vacancy("1"))
    ground.board.fail_next("apply", LimitReached())
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(10)
    await ground.crash()
    hunt = await open_hunt(ground.tools, IVAN)
    assert hunt is not None
    return hunt


async def test_last_place_taken_meanwhile_plans_nothing(ground: HuntGround, autojump_clock: MockClock) -> None:
    hunt = await plan_by_hand(ground)
    hunt.facts = replace(hunt.facts, daily_limit=0)
    assert await plan_application(hunt, await ground.vacancy("1")) is False
    assert await ground.state("1") == ("letter_ready", "limit_reached")
    assert (await ground.effect("1")).state == "refused"


@pytest.mark.parametrize(
    ("moves", "state"),
    [
        (("replan",), ("applying", None)),
        (("replan", "begin"), ("ambiguous", "interrupted")),
        (("replan", "begin", "confirm"), ("screened_out", "already_answered")),
    ],
)
async def test_vacancy_follows_the_ledger(
    ground: HuntGround, autojump_clock: MockClock, moves: tuple[str, ...], state: tuple[str, str | None]
) -> None:
    hunt = await plan_by_hand(ground)
    effects, key = ground.store.effects, "42:hh:1"
    writes = {
        "replan": effects.replan("application", key, now=1),
        "begin": effects.begin("application", key, attempt=2, epoch=1, boot_id="b", now=1),
        "confirm": effects.confirm("application", key, external_id="n", now=1),
    }
    for move in moves:
        await ground.store.write(writes[move])
    assert await plan_application(hunt, await ground.vacancy("1")) is False
    assert await ground.state("1") == state


async def test_vacancy_without_letter_sends_none(ground: HuntGround, autojump_clock: MockClock) -> None:
    hunt = await plan_by_hand(ground)
    assert await open_letter(hunt, replace(await ground.vacancy("1"), sealed_letter=None)) == ""


async def test_ledger_outlives_an_erasure(ground: HuntGround, autojump_clock: MockClock) -> None:
    await apply_once(ground)
    await ground.crash()
    await ground.store.write(
        ground.store.vacancies.delete(IVAN) + ground.store.hunts.delete(IVAN) + ground.store.profiles.delete(IVAN)
    )
    ground.board.vacancies["1"] = replace(ground.board.vacancies["1"], is_answered=False)  # type: ignore[index]  # a vacancy's id is a plain string
    ground.board.applications.clear()
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(60)
    assert await ground.state("1") == ("screened_out", "already_answered")
    assert ground.board.applications == []


async def test_letter_without_details_knows_title_and_employer(ground: HuntGround, autojump_clock: MockClock) -> None:
    await apply_once(ground)
    bare = bare_vacancy(await ground.vacancy("1"))
    assert (bare.title, bare.employer, bare.text) == ("Разработчик Python 1", "Компания 1", "")


async def test_sending_time_is_the_one_of_the_request(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.delay_seconds = 2.0
    await apply_once(ground)
    effect = await ground.effect("1")
    assert effect.sending_at is not None
    assert effect.settled_at is not None
    assert effect.settled_at - effect.sending_at == 2 * SECOND
