"""The simulated language models: Gemini's `generateContent` and OpenAI's `chat/completions`, by one mind.

`build_models` gives both as services. What they answer is in `model_answers.py`, how they fail on purpose in
`model_switches.py`.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

import orjson
import trio

from daemon.sandbox.model_answers import answer, obey_vacancy
from daemon.sandbox.model_gemini import GeminiWire
from daemon.sandbox.model_openai import OpenAiWire
from daemon.sandbox.model_schemas import fill
from daemon.sandbox.model_switches import Fault, ModelSwitches
from daemon.sandbox.service import ConnectionCut, Request, Response

if TYPE_CHECKING:
    from daemon.sandbox.hh_state import Log
    from daemon.sandbox.model_wire import Question, Wire

_CHARACTERS_PER_TOKEN = 3
_THINKING_TOKENS = 40


class ModelDouble:
    """One provider as a `Service`."""

    def __init__(self, wire: Wire, seed: int, log: Log, switches: ModelSwitches) -> None:
        self.switches = switches
        self._wire = wire
        self._log = log
        self._chance = random.Random(f"{wire.provider}:{seed}")

    async def handle(self, request: Request) -> Response:
        """Answers one request."""
        listing = self._wire.list_models(request)
        if listing is not None:
            return listing
        question = self._wire.read(request, self.switches)
        if isinstance(question, Response):
            return question
        fault = self.switches.draw(self._chance)
        prompt_tokens = count_tokens(question.asked.instruction + "".join(question.asked.data.values()))
        self._log(
            "model_asked",
            provider=self._wire.provider,
            model=question.model,
            purpose=question.asked.purpose,
            fault=fault,
            prompt_tokens=prompt_tokens,
        )
        if fault == "hang":
            await trio.sleep(self.switches.hang_seconds)
            raise ConnectionCut
        refusal = self._wire.refuse(fault, self.switches, prompt_tokens) if fault else None
        return refusal or self._wire.write(self._say(question, fault), question, prompt_tokens, self._chance)

    def _say(self, question: Question, fault: Fault | None) -> Said:
        text = self._text(question, fault)
        tokens = count_tokens(text)
        room = question.max_tokens - (_THINKING_TOKENS if question.is_thinking else 0)
        if fault == "empty" or room <= 0:
            return Said("", "cut", question.max_tokens)
        if fault == "cut_off" or tokens > room:
            kept = min(len(text) // 2, room * _CHARACTERS_PER_TOKEN)
            return Said(text[:kept], "cut", count_tokens(text[:kept]))
        return Said(text, "done", tokens)

    def _text(self, question: Question, fault: Fault | None) -> str:
        asked = question.asked
        if fault == "not_json":
            return "Конечно! Вот что у меня получилось, надеюсь, вам понравится."
        if fault == "wrong_shape":
            return '{"result": {"text": ["?"]}, "confidence": "high"}'
        value = obey_vacancy(asked) if fault == "obeys_vacancy" else answer(asked, self._chance)
        if fault == "too_short":
            value = {key: v[:40] if isinstance(v, str) else v for key, v in value.items()}
        text = orjson.dumps(fill(value, question.schema)).decode()
        # Asked without a schema or JSON mode, models like to dress it up.
        is_loose = question.json_mode == "prompt" and self._chance.random() < 0.3
        return f"```json\n{text}\n```" if fault == "fenced" or is_loose else text


class Said(NamedTuple):
    """An answer before a provider's wire writes it."""

    text: str
    end: str
    """`done` or `cut`."""
    tokens: int


class Models(NamedTuple):
    """Both providers."""

    gemini: ModelDouble
    openai: ModelDouble


def build_models(seed: int, log: Log, switches: ModelSwitches | None = None) -> Models:
    """Both doubles with common switches (`models.gemini.switches`)."""
    common = switches or ModelSwitches()
    return Models(ModelDouble(GeminiWire(), seed, log, common), ModelDouble(OpenAiWire(), seed, log, common))


def count_tokens(text: str) -> int:
    """About as many as a real tokeniser would say."""
    return len(text) // _CHARACTERS_PER_TOKEN + 1
