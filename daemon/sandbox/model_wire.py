"""What the two model providers' wires have in common: a question read from a request, an answer to be written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import random

    from daemon.sandbox.model_answers import Asked
    from daemon.sandbox.model_switches import Fault, ModelSwitches
    from daemon.sandbox.service import Request, Response


@dataclass(frozen=True, slots=True)
class Question:
    """A request that is in order."""

    model: str
    asked: Asked
    schema: Any
    json_mode: str
    """`schema`, `object` or `prompt`: how firmly JSON was asked for."""
    max_tokens: int
    is_thinking: bool = False


class Saying(Protocol):
    """An answer before a provider's wire writes it."""

    @property
    def text(self) -> str:
        """What is said."""

    @property
    def end(self) -> str:
        """`done` or `cut`."""

    @property
    def tokens(self) -> int:
        """How long it is."""


class Wire(Protocol):
    """One provider's HTTP."""

    @property
    def provider(self) -> str:
        """For the log."""

    def list_models(self, request: Request) -> Response | None:
        """An answer to "which models are there"; None when something else is asked."""

    def read(self, request: Request, switches: ModelSwitches) -> Question | Response:
        """The question, or the provider's error for a request that is not in order."""

    def refuse(self, fault: Fault, switches: ModelSwitches, prompt_tokens: int) -> Response | None:
        """The provider's answer for a fault that is not in the text; None for those that are."""

    def write(self, said: Saying, question: Question, prompt_tokens: int, chance: random.Random) -> Response:
        """The provider's answer."""
