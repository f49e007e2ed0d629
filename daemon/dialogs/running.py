"""ScriptRun: one run of a script, driven by hand from one resting point to the next.

The script is no task: its coroutine hands a `Step` to this driver at each `await dialog...`, and rests in memory or
is thrown away while nobody answers. So a foreign yield (a raw `await` of a socket, a sleep, a lock) is seen at once,
thousands of open dialogs cost no tasks, and a replay is a plain loop. Between two steps a script runs without
interruption, so nothing here needs a lock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from daemon.dialogs.capabilities import ScriptDialog
from daemon.dialogs.dialog import Answer
from daemon.dialogs.errors import DialogAbandoned, QuestionTimedOut, RawAwait, ScriptChanged, WorkFailed
from daemon.dialogs.steps import Ask, Do, End, Now, Pass, Sleep, Step, Stop
from daemon.dialogs.unwinding import line_of, release, unwind
from daemon.inbox.router import Event
from daemon.outbox.message import OutgoingMessage, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from daemon.clock import Clock
    from daemon.dialogs.dialog import Dialog, Json, Script
    from daemon.outbox.message import InlineKeyboard, Verbatim
    from daemon.outbox.outbox import Outbox
    from store.ids import ChatId, UserId
    from store.write import Write


@dataclass(frozen=True, slots=True)
class Entry:
    """One journaled fact: what an `await` of the script gave back."""

    kind: str
    """`answered`, `timed_out`, `did`, `failed`, `slept`, `now`."""
    name: str
    value: Any


_KINDS: dict[type[Step], tuple[str, ...]] = {
    Ask: ("answered", "timed_out"),
    Do: ("did", "failed"),
    Sleep: ("slept",),
    Now: ("now",),
}


@dataclass(slots=True)
class Draft:
    """What happened since the last commit."""

    writes: list[Write] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    is_trimmed: bool = False
    """A checkpoint was passed: everything journaled before is obsolete."""


@dataclass(slots=True)
class Place:
    """How far a dialog has come: its last checkpoint, and what it has said since."""

    passed: list[str]
    state: dict[str, Json]
    said: int


class ScriptRun:
    """Drives one script; `draft` collects what the next commit must hold."""

    def __init__(  # noqa: PLR0917 - made in one place
        self, script: Script, chat_id: ChatId, user_id: UserId, place: Place, outbox: Outbox, clock: Clock
    ) -> None:
        self.place = place
        self.draft = Draft()
        self._script = script
        self._past: deque[Entry] = deque()
        self._said_before = place.said
        self._is_misfit = False
        self._outbox = outbox
        self._clock = clock
        self._chat_id = chat_id
        self._dialog = ScriptDialog(self, chat_id, user_id)
        self._coroutine: Coroutine[Step, Any, None] | None = None
        place.said = 0

    def start(self, entries: Iterable[Entry] = ()) -> Stop:
        """Runs from the top through the journaled answers. Raises `ScriptChanged` when they don't fit."""
        self._past.extend(entries)
        self._coroutine = _coroutine_of(self._script, self._dialog)
        stop = self._go_on(self._send(None))
        if self._past or self.place.said < self._said_before or self._is_misfit:
            self.close()
            raise ScriptChanged
        return stop

    def resume(self, entry: Entry, journaled: Entry | None = None) -> Stop:
        """Gives the script what it waited for and runs to the next resting point; `journaled`: as it is kept."""
        self.draft.entries.append(journaled or entry)
        return self._go_on(self._answer(entry))

    def begin_draft(self) -> None:
        """The draft is on disk: a new one begins."""
        self.draft = Draft()

    def close(self) -> None:
        """Throws the script's place in memory away; the journal stays."""
        if self._coroutine is not None:
            unwind(self._coroutine)
            self._coroutine = None

    def emit(self, write: Write) -> None:
        """Something the script says or writes. A replay leaves out what was committed before."""
        self.place.said += 1
        if self.place.said > self._said_before:
            self._is_misfit = self._is_misfit or bool(self._past)
            self.draft.writes.append(write)

    def say(self, message: OutgoingMessage) -> None:
        """Puts a message into the draft."""
        self.emit(self._outbox.say(message))

    def edit(self, chat_id: ChatId, card: str, text: Text, body: Verbatim | None, keyboard: InlineKeyboard) -> None:
        """Puts an edit into the draft."""
        self.emit(self._outbox.edit(chat_id, card, text, body=body, keyboard=keyboard))

    def _go_on(self, step: Step | End) -> Stop:
        while not isinstance(step, End):
            if isinstance(step, Pass):
                self._pass(step)
                step = self._send(None)
                continue
            if self._past:
                entry = self._past.popleft()
            elif isinstance(step, Now):
                entry = Entry("now", "", self._clock.now())
                self.draft.entries.append(entry)
            else:
                return step
            if not _fits(step, entry):
                self.close()
                raise ScriptChanged
            step = self._answer(entry)
        return step

    def _pass(self, step: Pass) -> None:
        if self._past and step.name in self.place.passed:
            return  # an unguarded checkpoint met again on the way back to the open question
        if step.name not in self.place.passed:
            self.place.passed.append(step.name)
        self.place.state.update(step.values)
        self.place.said = self._said_before = 0
        self.draft.entries.clear()
        self.draft.is_trimmed = True

    def _answer(self, entry: Entry) -> Step | End:
        match entry.kind:
            case "answered":
                return self._send(_decode_answer(entry.value))
            case "timed_out":
                return self._throw(QuestionTimedOut())
            case "failed":
                return self._throw(WorkFailed(entry.name, entry.value["error"], is_temporary=entry.value["temporary"]))
            case _:
                return self._send(entry.value)

    def _send(self, value: Any) -> Step | End:
        coroutine = self._coroutine
        return End() if coroutine is None else self._drive(lambda: coroutine.send(value))

    def _throw(self, error: Exception) -> Step | End:
        coroutine = self._coroutine
        return End() if coroutine is None else self._drive(lambda: coroutine.throw(error))

    def _drive(self, move: Callable[[], Step]) -> Step | End:
        try:
            step = move()
        except (StopIteration, DialogAbandoned):
            self._coroutine = None
            return End()
        except QuestionTimedOut:
            self._coroutine = None
            self.say(OutgoingMessage(self._chat_id, Text("dialogs.timed_out")))
            return End()
        if isinstance(step, (Ask, Do, Sleep, Now, Pass)):
            return step
        raise self._name_raw_await(step)

    def _name_raw_await(self, trap: object) -> RawAwait:
        """Unhooks the task from what the script waits for, ends the script and says which line it was."""
        line, awaited = line_of(self._coroutine)
        release(trap)
        self.close()
        return RawAwait(getattr(self._script, "__qualname__", "a script"), line, awaited)


def _coroutine_of(script: Script, dialog: Dialog) -> Coroutine[Step, Any, None]:
    awaitable = script(dialog)
    if not isinstance(awaitable, Coroutine):
        raise TypeError("a script is an async function")
    return awaitable


def encode_answer(answer: Answer) -> dict[str, Any]:
    """As the journal keeps it."""
    if answer.event is not None:
        return {"event": answer.event.name, "data": dict(answer.event.data)}
    return {"option": answer.option} if answer.option is not None else {"text": answer.text}


def _decode_answer(value: dict[str, Any]) -> Answer:
    if "event" in value:
        return Answer(event=Event(value["event"], value["data"]))
    return Answer(option=value.get("option"), text=value.get("text"))


def _fits(step: Step, entry: Entry) -> bool:
    if entry.kind not in _KINDS[type(step)]:
        return False
    match step:
        case Ask(text=text):
            return entry.name == text.key
        case Do(name=name):
            return entry.name == name
        case _:
            return True
