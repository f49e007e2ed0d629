"""Gates: each closes for its reason, says it in both languages, and names when it opens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import trio

from daemon.autopilot.facts import read_facts
from daemon.autopilot.gates import GATES, Stage, closed_gates, explain, look_at
from daemon.boards.board import CaptchaRequired, LimitReached, UncertainOutcome
from daemon.clock import DAY, MINUTE
from daemon.i18n.translate import Texts
from store.tables.quarantine import QuarantineRow
from tests.fakes.board import make_vacancy
from tests.fakes.hunting import HH, IVAN

if TYPE_CHECKING:
    from trio.testing import MockClock

    from daemon.autopilot.facts import HuntFacts
    from daemon.autopilot.gates import GateReport
    from tests.fakes.hunting import HuntGround


async def reports(ground: HuntGround) -> dict[str, GateReport]:
    return {report.name: report for report in await explain(ground.tools, IVAN)}


async def closed(ground: HuntGround) -> set[str]:
    return {name for name, report in (await reports(ground)).items() if not report.is_open}


async def facts_of(ground: HuntGround) -> HuntFacts:
    await ground.settle()
    return await read_facts(ground.tools, IVAN)


async def test_ready_hunt_has_open_gates(ground: HuntGround, autojump_clock: MockClock) -> None:
    await ground.settle()
    assert await closed(ground) == set()


async def test_stranger_is_told_how_to_begin(ground: HuntGround, autojump_clock: MockClock) -> None:
    found = await reports(ground)
    assert not found["wish"].is_open
    assert found["wish"].text.key == "autopilot.gate.wish.none"
    assert not found["resume"].is_open


@pytest.mark.parametrize(
    ("changes", "name", "variant"),
    [
        ({"wish": "paused"}, "wish", "paused"),
        ({"wish": "stopped"}, "wish", "stopped"),
        ({"query": ""}, "query", "closed"),
        ({"rest_reason": "captcha", "rests_until": 10}, "rest", "captcha"),
        ({"rest_reason": "limit", "rests_until": 10}, "rest", "limit"),
        ({"next_search_at": 10}, "search", "closed"),
    ],
)
async def test_hunts_row_closes_its_gates(
    ground: HuntGround, autojump_clock: MockClock, changes: dict[str, Any], name: str, variant: str
) -> None:
    facts = await facts_of(ground)
    assert facts.hunt is not None
    in_future = {key: facts.now + value if isinstance(value, int) else value for key, value in changes.items()}
    report = look_at(
        next(gate for gate in GATES if gate.name == name), replace(facts, hunt=replace(facts.hunt, **in_future))
    )
    assert not report.is_open
    assert report.text.key == f"autopilot.gate.{name}.{variant}"
    assert report.until == (facts.now + 10 if any(isinstance(value, int) for value in changes.values()) else None)


async def test_rest_that_is_over_is_open(ground: HuntGround, autojump_clock: MockClock) -> None:
    await ground.settle()
    await ground.store.write(ground.store.hunts.rest(IVAN, ground.tools.clock.now() + 1000, "limit"))
    assert await closed(ground) == {"rest"}
    await trio.sleep(2)
    assert await closed(ground) == set()


async def test_facts_close_their_gates(ground: HuntGround, autojump_clock: MockClock) -> None:
    facts = await facts_of(ground)
    assert facts.account is not None
    quarantine = QuarantineRow("autopilot:42", "f", "KeyError", 5, 1, facts.now + MINUTE)
    cases: list[tuple[str, dict[str, Any]]] = [
        ("blocked", {"is_blocked": True}),
        ("quarantine", {"quarantine": quarantine}),
        ("resume", {"profile": None}),
        ("login", {"account": replace(facts.account, state="lost")}),
        ("trouble", {"board_rests_until": facts.now + 5}),
        ("trouble", {"progress": facts.progress.to("x", trouble_until=facts.now + 5)}),
        ("cap", {"used_today": 40, "place_free_at": facts.now + DAY}),
        ("waiting", {"waiting": 10}),
        ("pace", {"progress": facts.progress.to("x", next_application_at=facts.now + 5)}),
        ("fresh", {"progress": facts.progress.to("x", fruitless_since=facts.now)}),
    ]
    for name, changes in cases:
        changed = replace(facts, **changes)
        shut = {gate.name for gate in GATES if not look_at(gate, changed).is_open}
        assert shut == {name}


async def test_first_closed_gate_of_a_stage_comes_first(ground: HuntGround, autojump_clock: MockClock) -> None:
    facts = await facts_of(ground)
    changed = replace(facts, is_blocked=True, profile=None, used_today=99)
    assert [report.name for report in closed_gates(changed, Stage.HUNT)] == ["blocked", "resume"]
    assert [report.name for report in closed_gates(changed, Stage.APPLY)] == ["cap"]
    assert closed_gates(changed, Stage.SEARCH) == []


async def test_approved_letters_pass_a_full_desk(ground: HuntGround, autojump_clock: MockClock) -> None:
    facts = await facts_of(ground)
    assert closed_gates(replace(facts, waiting=10, has_approved=True), Stage.APPLY) == []


async def test_every_text_exists_in_both_languages(ground: HuntGround, autojump_clock: MockClock) -> None:
    facts = await facts_of(ground)
    assert facts.hunt is not None
    assert facts.account is not None
    tired = replace(
        facts,
        is_blocked=True,
        profile=None,
        quarantine=QuarantineRow("autopilot:42", "f", "KeyError", 5, 1, facts.now),
        account=replace(facts.account, state="lost", mode="assisted"),
        hunt=replace(
            facts.hunt,
            wish="paused",
            query="",
            next_search_at=facts.now + 9,
            rest_reason="limit",
            rests_until=facts.now + 9,
        ),
        progress=facts.progress.to(
            "x", trouble_until=facts.now + 9, next_application_at=facts.now + 9, fruitless_since=1
        ),
        used_today=99,
        waiting=99,
    )
    texts = Texts.load()
    for version in (facts, tired, replace(facts, hunt=None, account=None), replace(facts, account=None)):
        for gate in GATES:
            for language in ("ru", "en"):
                rendered = texts.render(look_at(gate, version).text, language)
                assert "autopilot." not in rendered
                assert "{" not in rendered


async def test_explanation_follows_the_loop(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(3)))
    ground.board.fail_next("apply", LimitReached())
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(30)
    assert {"rest", "search"} <= await closed(ground)
    assert (await reports(ground))["rest"].text.key == "autopilot.gate.rest.limit"


async def test_captcha_and_doubts_are_explained(ground: HuntGround, autojump_clock: MockClock) -> None:
    ground.board.add(*(make_vacancy(str(number)) for number in range(5)))
    ground.board.fail_next("apply", *[UncertainOutcome() for _ in range(3)], CaptchaRequired("https://board.example/c"))
    ground.board.close_door("find_application")
    await ground.settle()
    await ground.start_hunt()
    await trio.sleep(300)
    doubts = (await reports(ground))["doubts"]
    assert not doubts.is_open
    assert doubts.text.values["n"] == 3
    assert doubts.until is not None


async def test_mode_is_told_and_never_closed(ground: HuntGround, autojump_clock: MockClock) -> None:
    await ground.settle(approval="approve")
    assert (await reports(ground))["mode"].text.key == "autopilot.gate.mode.approve"
    await ground.store.write(ground.store.board_accounts.set_mode(IVAN, HH, "assisted"))
    mode = (await reports(ground))["mode"]
    assert (mode.text.key, mode.is_open, mode.stage) == ("autopilot.gate.mode.assisted", True, Stage.NOTHING)
