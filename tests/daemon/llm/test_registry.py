"""Who is asked, in which order, at what price; and that nobody waits for a dead model twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from daemon.config import LlmSettings
from daemon.http_client import make_http_client
from daemon.llm.budget import TokenBudget
from daemon.llm.model import LlmError, ModelBusy, ModelMisconfigured, ModelRefused, ModelTrouble, ModelUnavailable
from daemon.llm.registry import DEFAULT_GEMINI, Models, make_models
from daemon.secret import Secret
from store.ids import UserId
from tests.daemon.llm.servers import PROMPT
from tests.fakes.language_model import FakeLanguageModel, FakeUsageBook

if TYPE_CHECKING:
    from trio.testing import MockClock

    from daemon.clock import TrioClock

IVAN = UserId(42)


class Scene:
    """Two models and their books."""

    def __init__(self, clock: TrioClock) -> None:
        self.first = FakeLanguageModel(model="first")
        self.second = FakeLanguageModel(model="second")
        self.book = FakeUsageBook()
        budget = TokenBudget(self.book, clock, daily_tokens=10_000, daily_tokens_per_user=5_000)
        self.models = Models([self.first, self.second], self.book, budget, timeout_seconds=30)

    async def ask(self) -> str:
        return (await self.models.complete(PROMPT, IVAN)).model

    def outcomes(self) -> list[tuple[str, str]]:
        return [(call.model, call.outcome) for call in self.book.calls]


@pytest.fixture
def scene(clock: TrioClock) -> Scene:
    return Scene(clock)


async def test_first_model_answers(scene: Scene) -> None:
    assert await scene.ask() == "first"
    assert scene.second.prompts == []


async def test_every_call_leaves_a_row(autojump_clock: MockClock, scene: Scene) -> None:
    scene.first.delay_seconds = 2
    await scene.ask()
    (call,) = scene.book.calls
    assert (call.user_id, call.purpose, call.outcome, call.prompt_tokens) == (IVAN, "letter", "ok", 100)
    assert call.duration_ms == pytest.approx(2000, abs=5)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(ModelTrouble(), "trouble"), (ModelBusy(), "busy"), (ModelMisconfigured(), "misconfigured")],
)
async def test_failing_model_hands_on_to_the_next(scene: Scene, error: LlmError, outcome: str) -> None:
    scene.first.queue(error)
    assert await scene.ask() == "second"
    assert scene.outcomes() == [("first", outcome), ("second", "ok")]


async def test_refusal_goes_back_to_the_asker_with_its_price(scene: Scene) -> None:
    scene.first.queue(ModelRefused(prompt_tokens=70, completion_tokens=3))
    with pytest.raises(ModelRefused):
        await scene.ask()
    assert scene.second.prompts == []
    assert scene.outcomes() == [("first", "refused")]
    assert scene.book.calls[0].prompt_tokens == 70


async def test_dead_model_is_not_asked_again_for_a_while(autojump_clock: MockClock, scene: Scene) -> None:
    scene.first.answer = ModelTrouble()
    for _ in range(20):
        assert await scene.ask() == "second"
    assert len(scene.first.prompts) == 5
    await trio.sleep(31)
    scene.first.answer = "{}"
    assert await scene.ask() == "first"
    assert await scene.ask() == "first"


async def test_busy_model_rests_as_long_as_it_said(autojump_clock: MockClock, scene: Scene) -> None:
    scene.first.queue(ModelBusy(retry_after_seconds=90))
    assert await scene.ask() == "second"
    await trio.sleep(80)
    assert await scene.ask() == "second"
    await trio.sleep(11)
    assert await scene.ask() == "first"


async def test_misconfigured_model_rests_for_an_hour(autojump_clock: MockClock, scene: Scene) -> None:
    scene.first.queue(ModelMisconfigured())
    await scene.ask()
    await trio.sleep(3000)
    assert await scene.ask() == "second"
    assert "resting" in scene.models.describe()[0]


async def test_hanging_model_costs_its_deadline_and_no_more(autojump_clock: MockClock, scene: Scene) -> None:
    scene.first.delay_seconds = 3600
    started = trio.current_time()
    assert await scene.ask() == "second"
    assert trio.current_time() - started < 32
    assert scene.outcomes()[0] == ("first", "trouble")


async def test_nobody_left_is_unavailable(autojump_clock: MockClock, scene: Scene) -> None:
    scene.first.answer = scene.second.answer = ModelTrouble()
    for _ in range(10):
        with pytest.raises(ModelUnavailable):
            await scene.ask()
    assert len(scene.second.prompts) == 5


async def test_used_up_budget_asks_nobody(scene: Scene) -> None:
    scene.book.used_before = 10_000
    with pytest.raises(ModelUnavailable):
        await scene.ask()
    assert scene.first.prompts == []


async def test_cancelled_asker_leaves_the_circuit_alone(autojump_clock: MockClock, scene: Scene) -> None:
    scene.first.delay_seconds = 10
    for _ in range(10):
        with trio.move_on_after(1):
            await scene.ask()
    scene.first.delay_seconds = 0
    assert await scene.ask() == "first"


async def test_no_models_is_legal(clock: TrioClock) -> None:
    book = FakeUsageBook()
    models = make_models(make_http_client(), LlmSettings(), book, clock)
    assert models.describe() == ()
    with pytest.raises(ModelUnavailable):
        await models.complete(PROMPT, IVAN)


@pytest.mark.parametrize(
    ("settings", "lines"),
    [
        (LlmSettings(provider="gemini", api_key=Secret("k")), (f"gemini/{DEFAULT_GEMINI}",)),
        (LlmSettings(provider="gemini", api_key=Secret("k"), model="a, b,"), ("gemini/a", "gemini/b")),
        (LlmSettings(provider="gemini", model="a"), ()),
        (LlmSettings(provider="openai", model="qwen3:8b", base_url="http://127.0.0.1:11434/v1"), ("openai/qwen3:8b",)),
        (LlmSettings(provider="openai", api_key=Secret("k")), ()),
        (LlmSettings(provider="template", api_key=Secret("k"), model="a"), ()),
    ],
)
def test_settings_choose_models(settings: LlmSettings, lines: tuple[str, ...], clock: TrioClock) -> None:
    assert make_models(make_http_client(), settings, FakeUsageBook(), clock).describe() == lines
