"""Another letter on wish: by model or template, whatever the board, the limits or a crash do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from daemon.autopilot import news
from daemon.boards.board import BoardTrouble, CaptchaRequired, LetterRejected, NotApplicable
from daemon.i18n.translate import Texts
from store.errors import Conflict
from tests.daemon.autopilot.test_decisions import press, wait_for_card
from tests.fakes.board import make_vacancy
from tests.fakes.hunting import IVAN, ScriptedAsker, open_ground

if TYPE_CHECKING:
    from trio.testing import MockClock

    from store.store import Store
    from tests.fakes.hunting import HuntGround

GOOD = (
    "Здравствуйте!\n\nМеня заинтересовала вакансия «Разработчик Python 1»: последние годы пишу сервисы на Python и люблю, "
    "когда код понятен, а команда спокойна. Пять лет занимаюсь этим каждый день и хочу продолжать у вас.\n\n"
    "С удовольствием отвечу на вопросы.\n\n[[NAME]]"
)


@pytest.mark.parametrize("error", [BoardTrouble("500"), CaptchaRequired("https://c"), NotApplicable("vacancy_gone")])
async def test_board_need_not_show_the_vacancy_again(
    ground: HuntGround, autojump_clock: MockClock, error: Exception
) -> None:
    await wait_for_card(ground)
    before = ground.letter_of(await ground.vacancy("1"))
    ground.board.fail_next("fetch_vacancy", error)
    assert await press(ground, news.REWRITE) == "rewrite"
    assert ground.letter_of(await ground.vacancy("1")) != before


async def test_full_desk_does_not_hold_it_back(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(30)))
    await ground.settle(approval="approve")
    await ground.start_hunt()
    await trio.sleep(3000)
    row = (await ground.store.vacancies.in_state(IVAN, "waiting_for_you", 1))[0]
    assert await press(ground, news.REWRITE, row.vacancy_id) == "rewrite"
    assert (await ground.vacancy(row.vacancy_id)).letter_number == 1


async def test_same_answer_of_the_model_gives_other_words(
    store: Store, ground: HuntGround, autojump_clock: MockClock
) -> None:
    asker = ScriptedAsker(*({"letter": GOOD} for _ in range(2)))
    async with open_ground(store, ground.board, ground.tools.clock, ask=asker, boot_id="boot-2") as other:
        await wait_for_card(other)
        first = other.letter_of(await other.vacancy("1"))
        assert await press(other, news.REWRITE) == "rewrite"
        assert len(asker.prompts) == 2
        assert other.letter_of(await other.vacancy("1")) != first


async def test_killed_in_the_middle_it_is_written_in_the_next_life(
    ground: HuntGround, autojump_clock: MockClock
) -> None:
    await wait_for_card(ground)
    await ground.crash()
    await press(ground, news.REWRITE)
    assert await ground.state("1") == ("waiting_for_you", "rewrite")
    await ground.start_hunt()
    await trio.sleep(5)
    assert await ground.state("1") == ("waiting_for_you", "awaits_answer")
    assert (await ground.vacancy("1")).letter_number == 1


async def test_letter_does_not_bring_back_what_was_decided_meanwhile(
    ground: HuntGround, autojump_clock: MockClock
) -> None:
    await wait_for_card(ground)
    former = await ground.vacancy("1")
    await press(ground, news.SKIP)
    with pytest.raises(Conflict):
        await ground.store.write(ground.store.vacancies.replace_letter(former, "sealed", now=1))
    assert await ground.state("1") == ("screened_out", "skipped")


async def test_template_in_the_place_of_a_rejected_letter_is_shown_first(
    ground: HuntGround, autojump_clock: MockClock
) -> None:
    await wait_for_card(ground)
    await press(ground, news.REWRITE)
    ground.board.fail_next("apply", LetterRejected("too_long"))
    assert await press(ground, news.SEND, "1/1") == "send"
    await trio.sleep(300)
    assert await ground.state("1") == ("waiting_for_you", "awaits_answer")
    assert (await ground.said()).count("waiting") == 2
    assert await press(ground, news.SEND, "1/1") == "send"
    await trio.sleep(300)
    assert await ground.state("1") == ("applied", None)


def test_buttons_and_reason_have_their_texts() -> None:
    keys = Texts.load().keys("ru") & Texts.load().keys("en")
    assert {"autopilot.button.edit", "autopilot.button.rewrite", "autopilot.reason.rewrite"} <= keys
