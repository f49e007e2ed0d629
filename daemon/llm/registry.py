"""Models: the models of this installation in order of preference; the first that may be asked and answers, answers.

Called by `asking.py`. A hanging model costs its deadline once per model and call, a failing one costs nothing after a
few calls (its circuit is open), and when nobody is left `ModelUnavailable` sends the asker to its template.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
import trio

from daemon.llm.budget import ModelCall, TokenBudget
from daemon.llm.gemini import GeminiModel
from daemon.llm.model import LlmError, ModelBusy, ModelMisconfigured, ModelRefused, ModelTrouble, ModelUnavailable
from daemon.llm.openai_compatible import OpenAiModel
from daemon.supervisor.dependency import Dependencies, DependencyPolicy, Resting

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx2

    from daemon.clock import Clock
    from daemon.config import LlmSettings
    from daemon.llm.budget import UsageBook
    from daemon.llm.model import Completion, LanguageModel, Prompt
    from daemon.supervisor.dependency import Dependency, Pass
    from store.ids import UserId

log = structlog.get_logger(__name__)

DEFAULT_GEMINI = "gemini-3.5-flash"
LONGEST_REST_SECONDS = 3_600.0
MODEL_CIRCUIT = DependencyPolicy(callers=1, first_rest_seconds=30.0, longest_rest_seconds=LONGEST_REST_SECONDS)
"""Prompts are ours: that all of one person's fail says as much as that many people's do."""
_PATIENCE_SECONDS = 3.0
"""While a model warms up an asker rather waits a little than takes the template."""
_OUTCOMES = {
    ModelBusy: "busy",
    ModelTrouble: "trouble",
    ModelRefused: "refused",
    ModelMisconfigured: "misconfigured",
}
_GRACE_SECONDS = 1.0
"""Beyond the adapter's own deadline: only an adapter that forgot it is stopped here."""


@dataclass(frozen=True, slots=True)
class _Line:
    model: LanguageModel
    circuit: Dependency


class Models:
    """All models; none at all is legal and means templates."""

    def __init__(
        self,
        models: Sequence[LanguageModel],
        book: UsageBook,
        budget: TokenBudget,
        *,
        timeout_seconds: float,
        dependencies: Dependencies | None = None,
    ) -> None:
        known = dependencies or Dependencies(random.Random())
        self._lines = tuple(
            _Line(model, known.get(f"model {model.provider}/{model.model}", MODEL_CIRCUIT)) for model in models
        )
        self._book = book
        self._budget = budget
        self._timeout_seconds = timeout_seconds

    def describe(self) -> tuple[str, ...]:
        """A line each for `status` and `aurora check`."""
        return tuple(
            f"{line.model.provider}/{line.model.model}{' (resting)' if line.circuit.is_resting else ''}"
            for line in self._lines
        )

    async def complete(self, prompt: Prompt, user_id: UserId) -> Completion:
        """The first answer. Raises `ModelRefused`, or `ModelUnavailable` when no model could be asked or answered."""
        if not self._lines:
            raise ModelUnavailable("no model is set up")
        await self._budget.check(user_id)
        failure: LlmError | None = None
        for line in self._lines:
            try:
                leave = await line.circuit.wait_turn(user_id, patience_seconds=_PATIENCE_SECONDS)
            except Resting:
                continue
            try:
                return await self._ask(line, leave, prompt, user_id)
            except ModelRefused:
                raise
            except LlmError as error:
                log.warning("model_failed", provider=line.model.provider, model=line.model.model, reason=str(error))
                failure = error
        raise ModelUnavailable("no model answered" if failure else "all models are resting") from failure

    async def _ask(self, line: _Line, leave: Pass, prompt: Prompt, user_id: UserId) -> Completion:
        started = trio.current_time()
        error: LlmError = ModelTrouble("the model did not answer in time")
        try:
            with trio.move_on_after(self._timeout_seconds + _GRACE_SECONDS):
                completion = await line.model.complete(prompt)
                leave.succeed()
                spent = (completion.prompt_tokens, completion.completion_tokens)
                await self._record(line, prompt, user_id, outcome="ok", spent=spent, started=started)
                return completion
            _note_failure(leave, error)
        except LlmError as failed:
            error = failed
            _note_failure(leave, error)
        finally:
            leave.leave()  # also when the caller was cancelled: that says nothing about the model
        spent = (error.prompt_tokens, error.completion_tokens) if isinstance(error, ModelRefused) else (0, 0)
        outcome = _OUTCOMES.get(type(error), "trouble")
        await self._record(line, prompt, user_id, outcome=outcome, spent=spent, started=started)
        raise error

    async def _record(
        self, line: _Line, prompt: Prompt, user_id: UserId, *, outcome: str, spent: tuple[int, int], started: float
    ) -> None:
        await self._book.record(
            ModelCall(
                user_id=user_id,
                provider=line.model.provider,
                model=line.model.model,
                purpose=prompt.purpose,
                outcome=outcome,
                prompt_tokens=spent[0],
                completion_tokens=spent[1],
                duration_ms=round((trio.current_time() - started) * 1000),
            )
        )


def make_models(
    http: httpx2.AsyncClient,
    settings: LlmSettings,
    book: UsageBook,
    clock: Clock,
    dependencies: Dependencies | None = None,
) -> Models:
    """The models of the settings; several names separated by commas are tried in their order."""
    budget = TokenBudget(
        book, clock, daily_tokens=settings.daily_tokens, daily_tokens_per_user=settings.daily_tokens_per_user
    )
    models = _adapters(http, settings)
    return Models(models, book, budget, timeout_seconds=settings.timeout_seconds, dependencies=dependencies)


def missing_setting(settings: LlmSettings) -> str | None:
    """Which setting the model is off for want of; None when it is on. `status` and `aurora check` say it."""
    if settings.provider == "template":
        return "AURORA_LLM__PROVIDER"
    if settings.api_key is None and not settings.base_url:  # a server of one's own may want no key
        return "AURORA_LLM__API_KEY"
    if settings.provider == "openai" and not _names_of(settings):
        return "AURORA_LLM__MODEL"
    return None


def _names_of(settings: LlmSettings) -> list[str]:
    return [name.strip() for name in settings.model.split(",") if name.strip()]


def _adapters(http: httpx2.AsyncClient, settings: LlmSettings) -> list[LanguageModel]:
    names = _names_of(settings)
    if missing_setting(settings) is not None:
        return []
    if settings.provider == "gemini":
        return [GeminiModel(http, settings, name) for name in names or [DEFAULT_GEMINI]]
    return [OpenAiModel(http, settings, name) for name in names]


def _note_failure(leave: Pass, error: LlmError) -> None:
    fingerprint = type(error).__name__
    if isinstance(error, ModelRefused):
        leave.succeed()  # it answered; the answer was no
    elif isinstance(error, ModelMisconfigured):
        leave.fail(fingerprint, rest_seconds=LONGEST_REST_SECONDS)
    elif isinstance(error, ModelBusy):
        leave.fail(fingerprint, rest_seconds=error.retry_after_seconds)
    else:
        leave.fail(fingerprint)
