"""Models: the models of this installation in order of preference; the first that may be asked and answers, answers.

Called by `asking.py`. A hanging model costs its deadline once per model and call, a failing one costs nothing after a
few calls (its circuit is open), and when nobody is left `ModelUnavailable` sends the asker to its template.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
import trio

from daemon.llm.budget import ModelCall, TokenBudget
from daemon.llm.circuit import MAX_REST_SECONDS, Circuit
from daemon.llm.gemini import GeminiModel
from daemon.llm.model import LlmError, ModelBusy, ModelMisconfigured, ModelRefused, ModelTrouble, ModelUnavailable
from daemon.llm.openai_compatible import OpenAiModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx2

    from daemon.clock import Clock
    from daemon.config import LlmSettings
    from daemon.llm.budget import UsageBook
    from daemon.llm.model import Completion, LanguageModel, Prompt
    from store.ids import UserId

log = structlog.get_logger(__name__)

DEFAULT_GEMINI = "gemini-3.5-flash"
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
    circuit: Circuit = field(default_factory=Circuit)


class Models:
    """All models; none at all is legal and means templates."""

    def __init__(
        self, models: Sequence[LanguageModel], book: UsageBook, budget: TokenBudget, *, timeout_seconds: float
    ) -> None:
        self._lines = tuple(_Line(model) for model in models)
        self._book = book
        self._budget = budget
        self._timeout_seconds = timeout_seconds

    def describe(self) -> tuple[str, ...]:
        """A line each for `status` and `aurora check`."""
        return tuple(
            f"{line.model.provider}/{line.model.model}{' (resting)' if line.circuit.is_open else ''}"
            for line in self._lines
        )

    async def complete(self, prompt: Prompt, user_id: UserId) -> Completion:
        """The first answer. Raises `ModelRefused`, or `ModelUnavailable` when no model could be asked or answered."""
        if not self._lines:
            raise ModelUnavailable("no model is set up")
        await self._budget.check(user_id)
        failure: LlmError | None = None
        for line in self._lines:
            if not line.circuit.enter():
                continue
            try:
                return await self._ask(line, prompt, user_id)
            except ModelRefused:
                raise
            except LlmError as error:
                log.warning("model_failed", provider=line.model.provider, model=line.model.model, reason=str(error))
                failure = error
        raise ModelUnavailable("no model answered" if failure else "all models are resting") from failure

    async def _ask(self, line: _Line, prompt: Prompt, user_id: UserId) -> Completion:
        started = trio.current_time()
        error: LlmError = ModelTrouble("the model did not answer in time")
        try:
            with trio.move_on_after(self._timeout_seconds + _GRACE_SECONDS):
                completion = await line.model.complete(prompt)
                line.circuit.succeed()
                spent = (completion.prompt_tokens, completion.completion_tokens)
                await self._record(line, prompt, user_id, outcome="ok", spent=spent, started=started)
                return completion
        except LlmError as failed:
            error = failed
        finally:
            line.circuit.leave()  # also when the caller was cancelled: that says nothing about the model
        _note_failure(line.circuit, error)
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


def make_models(http: httpx2.AsyncClient, settings: LlmSettings, book: UsageBook, clock: Clock) -> Models:
    """The models of the settings; several names separated by commas are tried in their order."""
    budget = TokenBudget(
        book, clock, daily_tokens=settings.daily_tokens, daily_tokens_per_user=settings.daily_tokens_per_user
    )
    return Models(_adapters(http, settings), book, budget, timeout_seconds=settings.timeout_seconds)


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


def _note_failure(circuit: Circuit, error: LlmError) -> None:
    if isinstance(error, ModelRefused):
        circuit.succeed()  # it answered; the answer was no
    elif isinstance(error, ModelMisconfigured):
        circuit.fail(rest_seconds=MAX_REST_SECONDS)
    elif isinstance(error, ModelBusy):
        circuit.fail(rest_seconds=error.retry_after_seconds)
    else:
        circuit.fail()
