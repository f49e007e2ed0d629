"""Messages of a hunt: every text in both languages, every button signable, strangers' words never markup."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import trio

from daemon.autopilot import news
from daemon.autopilot.accounting import count_funnel
from daemon.autopilot.hunt import open_hunt
from daemon.i18n.translate import Texts
from daemon.outbox.buttons import ButtonSigner
from daemon.outbox.message import Button
from daemon.outbox.payload import decode
from daemon.supervisor.quarantine import QuarantineEntry
from store.ids import VacancyId
from tests.fakes.board import make_vacancy
from tests.fakes.hunting import IVAN

if TYPE_CHECKING:
    from trio.testing import MockClock

    from daemon.autopilot.hunt import Hunt
    from store.tables.vacancies import VacancyRow
    from tests.fakes.hunting import HuntGround


async def say_everything(ground: HuntGround) -> tuple[Hunt, VacancyRow]:
    ground.board.add(make_vacancy("1", title="<b>Повар</b> & Co", employer="<script>"))
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(5)
    hunt = await open_hunt(ground.tools, IVAN)
    assert hunt is not None
    row = await ground.vacancy("1")
    writes = (
        news.tell_applied(hunt, row)
        + news.ask_to_send(hunt, row, "Письмо")
        + news.hand_over(hunt, row, "Письмо")
        + news.hand_over(
            hunt, replace(row, vacancy_id=VacancyId("2")), "Письмо", url="https://e.example", kind="direct"
        )
        + news.tell_doubt(hunt, row, 1)
        + news.tell_limit(hunt, hunt.now())
        + news.tell_captcha(hunt, "https://board.example/c", hunt.now())
        + news.tell_login_lost(hunt)
        + news.tell_door_closed(hunt)
        + news.tell_resume_gone(hunt)
    )
    await ground.store.write(writes)
    return hunt, row


async def test_everything_is_said_once_in_both_languages(ground: HuntGround, autojump_clock: MockClock) -> None:
    await say_everything(ground)
    messages = await ground.messages()
    assert len(messages) == 10, "the application itself was told by the hunt already"
    texts = Texts.load()
    for message in messages:
        assert message.text is not None
        for language in ("ru", "en"):
            rendered = texts.render(message.text, language)
            assert "autopilot." not in rendered
            assert "{" not in rendered
            assert "<script>" not in rendered


async def test_every_button_can_be_signed(ground: HuntGround, autojump_clock: MockClock) -> None:
    hunt, row = await say_everything(ground)
    long = replace(row, vacancy_id=VacancyId("1" * 20))
    await ground.store.write(news.ask_to_send(hunt, long, "Письмо") + news.tell_doubt(hunt, long, 9))
    signer = ButtonSigner(b"k" * 32)
    for message in await ground.messages():
        for button in (button for line in message.keyboard for button in line):
            if isinstance(button, Button):
                signed = signer.sign(IVAN, button.action, button.argument)
                assert signer.open(IVAN, signed) == (button.action, button.argument)


async def test_recommended_answer_stands_first(ground: HuntGround, autojump_clock: MockClock) -> None:
    await say_everything(ground)
    waiting = next(
        message for message in await ground.messages() if message.text and message.text.key.endswith("waiting")
    )
    first = waiting.keyboard[0][0]
    assert isinstance(first, Button)
    assert first.action == news.SEND
    assert waiting.body == "Письмо"


async def test_card_shows_the_funnel(ground: HuntGround, autojump_clock: MockClock) -> None:
    hunt, _ = await say_everything(ground)
    funnel = await count_funnel(ground.store, IVAN)
    texts = Texts.load()
    for state in ("working", "sleeping", "resting"):
        await ground.store.write(news.show_card(hunt, funnel, state))
        item = await ground.store.queues.get("outbox", f"edit:{IVAN}:hunt")
        assert item is not None
        parcel = decode(item.payload)
        assert parcel.text is not None
        assert parcel.card == news.CARD
        for language in ("ru", "en"):
            assert "{" not in texts.render(parcel.text, language)


async def test_quarantine_is_told_once_and_to_people_only(ground: HuntGround, autojump_clock: MockClock) -> None:
    entry = QuarantineEntry(f"autopilot:{IVAN}", "KeyError@x", "KeyError", 6, 1_000, 1_790_000_000_000)
    outbox = ground.tools.outbox
    await ground.store.write(news.tell_quarantined(outbox, entry))
    await ground.store.write(news.tell_quarantined(outbox, replace(entry, failures=7, next_probe_at=9)))
    assert not news.tell_quarantined(outbox, replace(entry, child="roster")).statements
    (message,) = await ground.messages()
    assert "21" in Texts.load().plain(message.text, "ru")
