"""What every language model does alike: the fake, and each real adapter against its simulated server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import orjson
import pytest
import trio

from daemon.config import LlmSettings
from daemon.http_client import make_http_client
from daemon.llm.gemini import GeminiModel
from daemon.llm.model import (
    LlmError,
    ModelBusy,
    ModelMisconfigured,
    ModelRefused,
    ModelTrouble,
    Prompt,
)
from daemon.llm.openai_compatible import OpenAiModel
from daemon.sandbox.models import build_models
from daemon.secret import Secret
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.world import WorldHttp

if TYPE_CHECKING:
    from trio.testing import MockClock

    from daemon.llm.model import LanguageModel
    from daemon.sandbox.model_switches import Fault

KEY = "canary-api-key-0123456789"
LETTER = Prompt(
    purpose="letter",
    version=1,
    instruction='Write a cover letter. Answer with the key "letter".',
    data={"resume": "Разработчик Python, пять лет.", "vacancy": "Ищем разработчика Python."},
    schema={
        "type": "object",
        "properties": {"letter": {"type": "string"}},
        "required": ["letter"],
        "additionalProperties": False,
    },
)
ERRORS: dict[str, LlmError] = {
    "busy": ModelBusy(retry_after_seconds=7),
    "quota": ModelBusy(retry_after_seconds=3600),
    "overloaded": ModelBusy(retry_after_seconds=20),
    "error": ModelTrouble(),
    "wrong_key": ModelMisconfigured(),
    "refusal": ModelRefused(prompt_tokens=5),
    "content_filter": ModelRefused(prompt_tokens=5),
    "cut_off": ModelRefused(prompt_tokens=5),
    "empty": ModelRefused(prompt_tokens=5),
}


class Scene(Protocol):
    """A model and a way to make its next answer fail."""

    model: LanguageModel

    def fail_next(self, fault: Fault) -> None:
        """The next answer ends so."""


class FakeScene:
    """The fake, set up."""

    def __init__(self, provider: str, json_mode: str) -> None:
        self.model = FakeLanguageModel()

    def fail_next(self, fault: Fault) -> None:
        if fault == "hang":
            self.model.queue(ModelTrouble())
            self.model.delay_seconds = 10
        else:
            self.model.queue(ERRORS[fault])


class WireScene:
    """A real adapter on its simulated server, in memory."""

    def __init__(self, provider: str, json_mode: Any) -> None:
        self._doubles = build_models(3, _forget)
        services = {
            "generativelanguage.googleapis.com": self._doubles.gemini,
            "api.openai.com": self._doubles.openai,
        }
        http = make_http_client(transport=WorldHttp(services))
        settings = LlmSettings(api_key=Secret(KEY), json_mode=json_mode, timeout_seconds=10)
        adapter = GeminiModel if provider == "gemini" else OpenAiModel
        self.model = adapter(http, settings, f"{provider}-large")

    def fail_next(self, fault: Fault) -> None:
        self._doubles.gemini.switches.fail_next(fault)


def _forget(kind: str, **facts: Any) -> None:
    """The world's log; nobody judges here."""


SCENES = [("fake", "schema")] + [
    (name, mode) for name in ("gemini", "openai") for mode in ("schema", "object", "prompt")
]


@pytest.fixture(params=SCENES, ids="-".join)
def scene(request: pytest.FixtureRequest) -> Scene:
    provider, json_mode = request.param
    return FakeScene(provider, json_mode) if provider == "fake" else WireScene(provider, json_mode)


async def test_answer_holds_text_and_its_price(autojump_clock: MockClock, scene: Scene) -> None:
    completion = await scene.model.complete(LETTER)
    assert "letter" in completion.text
    assert completion.prompt_tokens > 0
    assert completion.completion_tokens > 0
    assert (completion.provider, completion.model) == (scene.model.provider, scene.model.model)


async def test_answer_in_schema_mode_is_one_json_object(autojump_clock: MockClock) -> None:
    for provider in ("gemini", "openai"):
        completion = await WireScene(provider, "schema").model.complete(LETTER)
        assert isinstance(orjson.loads(completion.text)["letter"], str)


@pytest.mark.parametrize("fault", ["busy", "quota", "overloaded"])
async def test_busy_model_says_how_long(autojump_clock: MockClock, scene: Scene, fault: Fault) -> None:
    scene.fail_next(fault)
    with pytest.raises(ModelBusy) as caught:
        await scene.model.complete(LETTER)
    assert caught.value.retry_after_seconds is not None
    assert caught.value.retry_after_seconds > 0
    if fault == "quota":
        assert caught.value.retry_after_seconds >= 600


async def test_failing_server_is_trouble(autojump_clock: MockClock, scene: Scene) -> None:
    scene.fail_next("error")
    with pytest.raises(ModelTrouble):
        await scene.model.complete(LETTER)


@pytest.mark.parametrize("fault", ["refusal", "content_filter", "cut_off", "empty"])
async def test_refused_cut_and_empty_answers_are_refusals_with_a_price(
    autojump_clock: MockClock, scene: Scene, fault: Fault
) -> None:
    scene.fail_next(fault)
    with pytest.raises(ModelRefused) as caught:
        await scene.model.complete(LETTER)
    assert caught.value.prompt_tokens > 0


async def test_wrong_key_is_misconfigured_and_not_told(autojump_clock: MockClock, scene: Scene) -> None:
    scene.fail_next("wrong_key")
    with pytest.raises(ModelMisconfigured) as caught:
        await scene.model.complete(LETTER)
    assert KEY not in repr(caught.value) + str(caught.value)


async def test_hanging_model_costs_its_deadline(autojump_clock: MockClock, scene: Scene) -> None:
    scene.fail_next("hang")
    started = trio.current_time()
    with pytest.raises(ModelTrouble):
        await scene.model.complete(LETTER)
    assert trio.current_time() - started == pytest.approx(10, abs=1)


async def test_model_recovers_after_each_failure(autojump_clock: MockClock, scene: Scene) -> None:
    for fault in ("busy", "error", "refusal"):
        scene.fail_next(fault)
        with pytest.raises(LlmError):
            await scene.model.complete(LETTER)
        assert (await scene.model.complete(LETTER)).text
