"""Presses on vacancy cards: what each does, once, and what a late press gets."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import trio

from daemon.autopilot import news
from daemon.autopilot.decisions import ACTIONS, Decider
from daemon.autopilot.rewriting import MOST_LETTERS
from daemon.autopilot.wishes import SearchWishes
from daemon.boards.board import UncertainOutcome
from daemon.i18n.translate import Texts
from daemon.outbox.payload import decode
from store.write import NOTHING
from tests.fakes.board import make_vacancy
from tests.fakes.hunting import IVAN

if TYPE_CHECKING:
    from trio.testing import MockClock

    from tests.fakes.hunting import HuntGround


async def press(ground: HuntGround, action: str, vacancy_id: str = "1") -> str:
    """Presses and commits, as a handler and its lane do; returns the answer's name."""
    decider = Decider(ground.store, ground.tools.outbox, ground.tools.clock)
    decision = await decider.decide(IVAN, action, f"hh/{vacancy_id}")
    if decision.write:
        await ground.store.write(decision.write)
    await trio.sleep(5)
    return decision.answer.key.removeprefix("autopilot.decision.")


async def wait_for_card(ground: HuntGround, *, approval: str = "approve", mode: str = "auto") -> None:
    ground.board.add(make_vacancy("1", employer="Ромашка", employer_id="e1"))
    await ground.settle(approval=approval, mode=mode)
    await ground.start_hunt()
    await trio.sleep(5)


async def test_approved_letter_is_sent_at_once(ground: HuntGround, autojump_clock: MockClock) -> None:
    await wait_for_card(ground)
    assert await press(ground, news.SEND) == "send"
    assert await ground.state("1") == ("applied", None)
    assert len(ground.board.applications) == 1


async def test_second_press_changes_nothing_and_says_so(ground: HuntGround, autojump_clock: MockClock) -> None:
    await wait_for_card(ground)
    await press(ground, news.SEND)
    assert await press(ground, news.SEND) == "late"
    assert await press(ground, news.SKIP) == "late"
    assert len(ground.board.applications) == 1


async def test_skipped_vacancy_never_comes_back(ground: HuntGround, autojump_clock: MockClock) -> None:
    await wait_for_card(ground)
    assert await press(ground, news.SKIP) == "skip"
    await trio.sleep(5000)
    assert await ground.state("1") == ("screened_out", "skipped")
    assert (await ground.said()).count("waiting") == 1


async def test_company_is_never_shown_again(ground: HuntGround, autojump_clock: MockClock) -> None:
    await wait_for_card(ground)
    assert await press(ground, news.NEVER) == "never"
    ground.board.add(make_vacancy("2", employer="Другая", employer_id="e1"), make_vacancy("3", employer="ООО Ромашка"))
    await trio.sleep(1500)
    assert await ground.state("1") == ("screened_out", "never_employer")
    assert await ground.state("2") == ("screened_out", "blacklisted")
    assert await ground.state("3") == ("screened_out", "blacklisted")
    hunt = await ground.store.hunts.get(IVAN)
    assert hunt is not None
    assert SearchWishes.parse(hunt.excluded).employer_ids == ("e1",)


async def test_person_applies_by_hand(ground: HuntGround, autojump_clock: MockClock) -> None:
    await wait_for_card(ground, mode="assisted")
    assert await press(ground, news.APPLIED) == "applied"
    assert await ground.state("1") == ("applied", "person_applied")
    assert await press(ground, news.APPLIED) == "late"


@pytest.mark.parametrize(
    ("action", "state", "effect"),
    [
        (news.APPLIED, ("applied", "person_applied"), "confirmed"),
        (news.MISSING, ("handed_over", "person_says_missing"), "refused"),
    ],
)
async def test_person_settles_a_doubt(
    ground: HuntGround, autojump_clock: MockClock, action: str, state: tuple[str, str], effect: str
) -> None:
    ground.board.close_door("find_application")
    ground.board.fail_next("apply", UncertainOutcome())
    await wait_for_card(ground, approval="auto")
    await trio.sleep(500)
    assert await press(ground, action) != "late"
    assert await ground.state("1") == state
    assert (await ground.effect("1")).state == effect
    assert await press(ground, action) == "late"
    assert ground.board.calls.count("apply") == 1


@pytest.mark.parametrize("action", [*ACTIONS, "v_unknown"])
async def test_unknown_vacancy_is_late(ground: HuntGround, autojump_clock: MockClock, action: str) -> None:
    decider = Decider(ground.store, ground.tools.outbox, ground.tools.clock)
    for argument in ("hh/nothing", "", "no-slash", "hh/"):
        decision = await decider.decide(IVAN, action, argument)
        assert (decision.write, decision.answer.key) == (NOTHING, "autopilot.decision.late")


async def test_settled_card_says_what_was_decided(ground: HuntGround, autojump_clock: MockClock) -> None:
    await wait_for_card(ground)
    await press(ground, news.SKIP)
    item = await ground.store.queues.get("outbox", f"edit:{IVAN}:vacancy:hh:1")
    assert item is not None
    parcel = decode(item.payload)
    assert parcel.text is not None
    assert parcel.text.key == "autopilot.decided.skip"
    assert parcel.keyboard == ()


async def test_company_can_be_left_out_after_its_vacancy_is_done(ground: HuntGround, autojump_clock: MockClock) -> None:
    await wait_for_card(ground)
    await press(ground, news.SEND)
    assert await press(ground, news.NEVER) == "never"
    assert await ground.state("1") == ("applied", None)
    await ground.store.write(ground.store.hunts.delete(IVAN))
    assert await press(ground, news.NEVER) == "late"


async def test_letter_is_written_anew_in_the_same_card(ground: HuntGround, autojump_clock: MockClock) -> None:
    await wait_for_card(ground)
    (first,) = await ground.messages()
    assert await press(ground, news.REWRITE) == "rewrite"
    assert await ground.state("1") == ("waiting_for_you", "awaits_answer")
    item = await ground.store.queues.get("outbox", f"edit:{IVAN}:vacancy:hh:1")
    assert item is not None
    card = decode(item.payload)
    assert card.body == ground.letter_of(await ground.vacancy("1")) != first.body
    assert card.keyboard[0][0].argument == "hh/1/1"  # type: ignore[union-attr]  # the first one sends
    assert await press(ground, news.SEND, "1/1") == "send"
    assert [received.letter for received in ground.board.applications] == [card.body]


async def test_nobody_sends_a_letter_they_have_not_seen(ground: HuntGround, autojump_clock: MockClock) -> None:
    await wait_for_card(ground)
    await press(ground, news.REWRITE)
    assert await press(ground, news.SEND, "1/0") == "other_letter"
    assert await press(ground, news.SEND) == "other_letter"
    assert ground.board.applications == []


async def test_letters_are_written_anew_a_few_times(ground: HuntGround, autojump_clock: MockClock) -> None:
    await wait_for_card(ground)
    letters = []
    for _ in range(MOST_LETTERS):
        letters.append(ground.letter_of(await ground.vacancy("1")))
        assert await press(ground, news.REWRITE) == "rewrite"
    assert await press(ground, news.REWRITE) == "rewritten_enough"
    letters.append(ground.letter_of(await ground.vacancy("1")))
    assert all(one != another for one, another in pairwise(letters))
    assert await ground.state("1") == ("waiting_for_you", "awaits_answer")


async def test_second_press_writes_one_letter(ground: HuntGround, autojump_clock: MockClock) -> None:
    await wait_for_card(ground)
    await ground.store.write(ground.store.hunts.set_wish(IVAN, "paused", by="person", reason="", now=1))
    assert await press(ground, news.REWRITE) == "rewrite_later"
    assert await press(ground, news.REWRITE) == "rewrite_later"
    assert await ground.state("1") == ("waiting_for_you", "rewrite")
    await ground.store.write(ground.store.hunts.set_wish(IVAN, "running", by="person", reason="", now=2))
    await ground.start_hunt()
    await trio.sleep(5)
    assert (await ground.vacancy("1")).letter_number == 1


async def test_late_wish_for_another_letter_is_answered(ground: HuntGround, autojump_clock: MockClock) -> None:
    await wait_for_card(ground)
    await press(ground, news.SKIP)
    assert await press(ground, news.REWRITE) == "late"
    assert await ground.state("1") == ("screened_out", "skipped")


def test_every_answer_has_its_text() -> None:
    keys = Texts.load().keys("ru") & Texts.load().keys("en")
    for name in ("send", "skip", "never", "applied", "missing"):
        assert {f"autopilot.decision.{name}", f"autopilot.decided.{name}"} <= keys
    for name in ("late", "rewrite", "rewrite_later", "rewritten_enough", "other_letter"):
        assert f"autopilot.decision.{name}" in keys
