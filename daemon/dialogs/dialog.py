"""Dialog: the one thing a script holds. Everything that is not deterministic goes through it.

    async def onboarding(dialog: Dialog) -> None:
        if not dialog.has_passed("language"):
            language = await dialog.choose(Text("onboarding.language"), options)
            await dialog.checkpoint("language", language=language)
        ...

State is the line the code is on. The engine (`engine.py`) journals every answer and every outside result; after a
restart the script runs again from its top with the journal's answers and arrives at the same line. A checkpoint trims
the journal: from then on the script starts from its top with that name among `has_passed` and its values in `state`.
So whatever stands before a checkpoint is guarded by `has_passed`, and nothing after it relies on local names that
were set before it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daemon.inbox.router import Event
    from daemon.outbox.message import InlineKeyboard, Text, UrlButton, Verbatim
    from store.ids import ChatId, UserId
    from store.write import Write

Json = Any
"""What survives a round trip through JSON."""

Accept = Callable[[str], str]
"""Cleans a typed answer or raises `AnswerRejected`."""


@dataclass(frozen=True, slots=True)
class Option:
    """One button of a question; the recommended one stands first."""

    value: str
    label: Text | Verbatim
    style: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a question: a pressed option, a text, or an outside event. Exactly one is set."""

    option: str | None = None
    text: str | None = None
    event: Event | None = None


class Dialog(Protocol):
    """Capabilities of a running script."""

    @property
    def user_id(self) -> UserId:
        """The person."""

    @property
    def chat_id(self) -> ChatId:
        """Their chat."""

    @property
    def state(self) -> Mapping[str, Json]:
        """Values of all checkpoints passed so far, and those the dialog was started with."""

    def has_passed(self, name: str) -> bool:
        """Whether the checkpoint of this name is behind us."""

    def say(
        self,
        text: Text,
        *,
        body: Verbatim | None = None,
        keyboard: InlineKeyboard = (),
        has_menu: bool = False,
        card: str | None = None,
    ) -> None:
        """Says something; it leaves with the next commit (the next question, outside call or the end)."""

    def edit(self, card: str, text: Text, *, body: Verbatim | None = None, keyboard: InlineKeyboard = ()) -> None:
        """Edits a message said under this name."""

    def keep(self, write: Write) -> None:
        """Hands over a write that travels with the next commit."""

    async def choose(
        self,
        question: Text,
        options: Sequence[Option],
        *,
        links: Sequence[UrlButton] = (),
        body: Verbatim | None = None,
        timeout_seconds: float | None = None,
    ) -> str:
        """The pressed option's value. Typed text gets a hint and the question stays. Raises `QuestionTimedOut`."""

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
        """Asks for a press, a text (if `accept` is given) or an outside event of one of these names.

        `accept` cleans a text or raises `AnswerRejected(Text)`, which is said and the question stays open.
        `links` stand first in the keyboard. Raises `QuestionTimedOut`.
        """

    async def do(self, name: str, work: Callable[[], Awaitable[Json]]) -> Json:
        """Does something outside and journals its result, which comes back as JSON would give it.

        Run again only if the daemon died in the middle. Raises `WorkFailed` for whatever `work` raised.
        """

    async def now(self) -> int:
        """Wall time, journaled: Unix milliseconds."""

    async def sleep_until(self, due_at: int) -> None:
        """Sleeps, over restarts too."""

    async def checkpoint(self, name: str, /, **values: Json) -> None:
        """A named point to go on from; trims the journal."""


Script = Callable[[Dialog], Awaitable[None]]
"""A dialog: a linear async function. A raw `await` of anything but its dialog is an error the engine names."""
