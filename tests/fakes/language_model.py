"""FakeLanguageModel: answers what the test queued. Passes `tests/contracts/test_language_model_contract.py`."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson
import trio

from daemon.llm.model import Completion

if TYPE_CHECKING:
    from daemon.llm.budget import ModelCall
    from daemon.llm.model import Prompt
    from store.ids import UserId


@dataclass
class FakeLanguageModel:
    """Gives the queued answers in order, then `answer` for ever."""

    provider: str = "fake"
    model: str = "fake-1"
    answer: str | Exception = '{"letter": "Здравствуйте!"}'
    delay_seconds: float = 0.0
    timeout_seconds: float = 30.0
    prompts: list[Prompt] = field(default_factory=list)
    _queued: deque[str | Exception] = field(default_factory=deque)

    def queue(self, *answers: object) -> None:
        """The next answers: text, an exception, or an object that becomes JSON."""
        self._queued.extend(one if isinstance(one, str | Exception) else orjson.dumps(one).decode() for one in answers)

    async def complete(self, prompt: Prompt) -> Completion:
        self.prompts.append(prompt)
        await trio.sleep(self.delay_seconds)
        answer = self._queued.popleft() if self._queued else self.answer
        if isinstance(answer, Exception):
            raise answer
        return Completion(
            text=answer,
            provider=self.provider,
            model=self.model,
            prompt_tokens=100,
            completion_tokens=len(answer) // 3 + 1,
            duration_ms=round(self.delay_seconds * 1000),
        )


@dataclass
class FakeUsageBook:
    """Usage in a list."""

    calls: list[ModelCall] = field(default_factory=list)
    used_before: int = 0

    async def tokens_since(self, since: int, user_id: UserId | None = None) -> int:
        await trio.lowlevel.checkpoint()
        mine = (call for call in self.calls if user_id is None or call.user_id == user_id)
        return self.used_before + sum(call.prompt_tokens + call.completion_tokens for call in mine)

    async def record(self, call: ModelCall) -> None:
        await trio.lowlevel.checkpoint()
        self.calls.append(call)
