"""ScriptDialog: the capability object a script holds (see `Dialog`); everything it does ends in its `ScriptRun`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from daemon.dialogs.steps import Ask, Do, Now, Pass, Sleep, hand_over
from daemon.outbox.message import OutgoingMessage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from daemon.dialogs.dialog import Accept, Answer, Json, Option
    from daemon.dialogs.running import ScriptRun
    from daemon.outbox.message import InlineKeyboard, Text, UrlButton, Verbatim
    from store.ids import ChatId, UserId
    from store.write import Write


class ScriptDialog:
    """Capabilities of a running script."""

    def __init__(self, run: ScriptRun, chat_id: ChatId, user_id: UserId) -> None:
        self._run = run
        self.chat_id = chat_id
        self.user_id = user_id

    @property
    def state(self) -> Mapping[str, Json]:
        """Values of all checkpoints."""
        return MappingProxyType(self._run.place.state)

    def has_passed(self, name: str) -> bool:
        """Whether this checkpoint is behind us."""
        return name in self._run.place.passed

    def say(
        self,
        text: Text,
        *,
        body: Verbatim | None = None,
        keyboard: InlineKeyboard = (),
        has_menu: bool = False,
        card: str | None = None,
    ) -> None:
        """Says something with the next commit."""
        self._run.say(OutgoingMessage(self.chat_id, text, body=body, keyboard=keyboard, has_menu=has_menu, card=card))

    def edit(self, card: str, text: Text, *, body: Verbatim | None = None, keyboard: InlineKeyboard = ()) -> None:
        """Edits a card with the next commit."""
        self._run.edit(self.chat_id, card, text, body, keyboard)

    def keep(self, write: Write) -> None:
        """Writes something with the next commit."""
        self._run.emit(write)

    async def choose(
        self,
        question: Text,
        options: Sequence[Option],
        *,
        links: Sequence[UrlButton] = (),
        body: Verbatim | None = None,
        timeout_seconds: float | None = None,
    ) -> str:
        """The pressed option's value."""
        answer = await self.ask(question, options=options, links=links, body=body, timeout_seconds=timeout_seconds)
        return answer.option or ""

    async def ask(
        self,
        question: Text,
        *,
        options: Sequence[Option] = (),
        links: Sequence[UrlButton] = (),
        accept: Accept | None = None,
        events: Sequence[str] = (),
        body: Verbatim | None = None,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """A press, a text or an event."""
        step = Ask(question, body, tuple(options), tuple(links), accept, tuple(events), timeout_seconds)
        answer: Answer = await hand_over(step)
        return answer

    async def do(self, name: str, work: Callable[[], Awaitable[Json]]) -> Json:
        """The journaled result of `work`."""
        return await hand_over(Do(name, work))

    async def now(self) -> int:
        """Journaled wall time."""
        moment: int = await hand_over(Now())
        return moment

    async def sleep_until(self, due_at: int) -> None:
        """Sleeps over restarts."""
        await hand_over(Sleep(due_at))

    async def checkpoint(self, name: str, /, **values: Json) -> None:
        """Puts a named point behind us."""
        await hand_over(Pass(name, values))
