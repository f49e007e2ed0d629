"""LanguageModel protocol: one prompt in, one validated JSON object's text out. The asker owns the prompt.

LlmError
├── ModelBusy (Temporary)      429 or overloaded; `retry_after_seconds`
├── ModelTrouble (Temporary)   unreachable, 5xx, broken body, hanging
├── ModelRefused (Permanent)   safety refusal, or cut off before anything useful came
├── ModelMisconfigured (Permanent)  wrong key, wrong model name, location not supported
└── ModelUnavailable (Temporary)    no model configured, circuit open or budget used up: use the template
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from daemon.errors import DaemonError, Permanent, Temporary

if TYPE_CHECKING:
    from collections.abc import Mapping


class LlmError(DaemonError):
    """The model gave nothing that can be used."""


class ModelBusy(LlmError, Temporary):
    """The model asks to slow down."""


class ModelTrouble(LlmError, Temporary):
    """The model can't be reached or answers nonsense."""


class ModelRefused(LlmError, Permanent):
    """The model refused, was cut off or said nothing."""

    def __init__(self, message: str | None = None, *, prompt_tokens: int = 0, completion_tokens: int = 0) -> None:
        super().__init__(message)
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens
        """A refusal costs as much as an answer."""


class ModelMisconfigured(LlmError, Permanent):
    """The model's key, name or place is wrong."""


class ModelUnavailable(LlmError, Temporary):
    """No model may be asked now."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked. Untrusted text (vacancies, posts, resumes) goes into `data` only, never into `instruction`."""

    purpose: str
    """`query`, `letter`, `screening`: for usage rows and metrics."""
    version: int
    instruction: str
    data: Mapping[str, str]
    """Named untrusted texts; sent as one JSON object in the user's turn."""
    schema: Mapping[str, Any]
    """JSON Schema of the answer: an object, all keys required, no others."""
    max_tokens: int = 2048
    temperature: float = 0.3


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back; `text` should hold one JSON object, the asker validates it."""

    text: str
    provider: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    duration_ms: int


class LanguageModel(Protocol):
    """One provider's model. Keeps no state, knows no store."""

    @property
    def provider(self) -> str:
        """`gemini` or `openai`."""

    @property
    def model(self) -> str:
        """The provider's name of the model."""

    async def complete(self, prompt: Prompt) -> Completion:
        """Asks once, within its own deadline. Raises `LlmError`."""
