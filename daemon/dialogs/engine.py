"""DialogEngine: opens dialogs, brings them what they wait for, asks again, lets people leave.

Called by the bot's handlers, in the order of each chat's lane. What is an answer commits at once, the finished update
included; what is only a word in between (a hint, "one moment") is returned as a write, like every handler's.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio

from daemon.dialogs.answers import Hint, judge_event, judge_message, judge_press
from daemon.dialogs.fingerprint import fingerprint_of
from daemon.dialogs.journal import DialogJournal, Record
from daemon.dialogs.live import LiveDialogs, NoDialog
from daemon.dialogs.question import OpenQuestion
from daemon.dialogs.rehearsal import Rehearsal
from daemon.dialogs.running import Place
from daemon.dialogs.steps import Ask
from daemon.outbox.message import OutgoingMessage, Text
from store.write import NOTHING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from daemon.clock import Clock
    from daemon.dialogs.answers import Verdict
    from daemon.dialogs.dialog import Json, Script
    from daemon.dialogs.journal import Sealer
    from daemon.dialogs.live import Live
    from daemon.dialogs.rehearsal import Rehearsed
    from daemon.inbox.router import Incoming
    from daemon.outbox.message import Verbatim
    from daemon.outbox.outbox import Outbox
    from store.durable.ownership import Ownership
    from store.ids import ChatId
    from store.store import Store
    from store.write import Write


class DialogEngine:
    """One open dialog a chat."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        ownership: Ownership,
        clock: Clock,
        scripts: Mapping[str, Script],
        *,
        idle_seconds: float = 900.0,
        most_live: int = 1000,
        work_seconds: float = 180.0,
        sealer: Sealer | None = None,
    ) -> None:
        """`sealer`: the vault; without it what people type stands in the journal as it is (tests)."""
        self._outbox = outbox
        self._ownership = ownership
        self._clock = clock
        self._fingerprints = {name: fingerprint_of(script) for name, script in scripts.items()}
        self._journal = DialogJournal(store, sealer)
        self._live = LiveDialogs(
            store,
            outbox,
            ownership,
            clock,
            scripts,
            self._fingerprints,
            self._journal,
            idle_seconds=idle_seconds,
            most_live=most_live,
            work_seconds=work_seconds,
        )

        self._rehearsal = Rehearsal(
            store, ownership, clock, fingerprints=self._fingerprints, journal=self._journal, live=self._live
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While open, outside work is done (first what a crash interrupted) and idle dialogs are put to sleep.

        Those that were begun with another script are tried against today's once.
        """
        async with self._live.running(), trio.open_nursery() as nursery:
            nursery.start_soon(self._rehearsal.run, name="dialogs: rehearse open ones")
            try:
                yield
            finally:
                nursery.cancel_scope.cancel()

    @property
    def rehearsed(self) -> Rehearsed | None:
        """How the dialogs found open at the start took today's scripts; None until all were tried."""
        return self._rehearsal.result

    async def let_go(self, shards: frozenset[int]) -> None:
        """People of these shards are not ours any more; returns when nothing is done for their dialogs here."""
        await self._live.let_go(shards)

    def take_up(self, shards: frozenset[int]) -> None:
        """People of these shards are ours now."""
        self._live.take_up(shards)

    @property
    def live_count(self) -> int:
        """Dialogs in memory."""
        return len(self._live)

    async def open_question(self, chat_id: ChatId) -> OpenQuestion | None:
        """What this chat has been asked; None: nothing, or the dialog is busy."""
        record = await self._live.find_record(chat_id)
        return record.waiting if record is not None and isinstance(record.waiting, OpenQuestion) else None

    async def has_dialog(self, chat_id: ChatId) -> bool:
        """Whether a dialog is open in this chat."""
        return await self.script_in(chat_id) is not None

    async def script_in(self, chat_id: ChatId) -> str | None:
        """Which script's dialog is open in this chat."""
        record = await self._live.find_record(chat_id)
        return None if record is None else record.script

    async def waits_for(self, chat_id: ChatId, event: str) -> bool:
        """Whether an outside event of this name would answer the chat's open question."""
        question = await self.open_question(chat_id)
        return question is not None and event in question.events

    async def start(
        self,
        script: str,
        incoming: Incoming,
        state: Mapping[str, Json] | None = None,
        *,
        is_instead: bool = False,
        said: Write = NOTHING,
    ) -> Write | None:
        """Opens a dialog, after what is `said` by the caller: a letter that must not lie in the journal.

        Where another is open already, its question comes first and is asked again, or (`is_instead`) it is left.
        """
        left = await self.leave(incoming.chat_id) if is_instead else NOTHING
        open_script = None if is_instead else await self.script_in(incoming.chat_id)
        if open_script is not None:
            again = await self.ask_again(incoming) or NOTHING
            is_asked = open_script != script and await self.open_question(incoming.chat_id) is not None
            return self._hint(incoming, Text("dialogs.this_first")) + again if is_asked else again
        record = Record(
            chat_id=incoming.chat_id,
            user_id=incoming.user_id,
            script=script,
            fingerprint=self._fingerprints[script],
            opened_at=self._clock.now(),
            place=Place([], dict(state or {}), 0),
            is_new=True,
        )
        before = self._acknowledge(incoming) + (left or NOTHING) + said
        await self._live.open(record, before, incoming.finish)
        return None

    async def deliver(self, incoming: Incoming, pressed: str | None = None) -> Write | None:
        """Brings a dialog a press (`pressed` is the opened button's argument), a message or an event."""
        try:
            live = await self._live.wake(incoming.chat_id, incoming.finish + self._acknowledge(incoming))
        except NoDialog:
            return NOTHING if incoming.event else self._hint(incoming, Text("dialogs.question_closed"))
        if live is None:
            return None
        if incoming.event is not None and live.work is not None:
            # What the dialog may ask for next must not be lost because it is busy: the lane waits, once, for the work.
            await live.work.done.wait()
            return await self.deliver(incoming, pressed)
        async with live.lock:
            if self._live.get(incoming.chat_id) is live:
                return await self._take(live, incoming, pressed)
        return await self.deliver(incoming, pressed)  # it moved on while we waited for it

    async def ask_again(self, incoming: Incoming) -> Write | None:
        """Says the open question once more, in a new message. None: no dialog is open."""
        record = await self._live.find_record(incoming.chat_id)
        if record is None:
            return None
        if isinstance(record.waiting, OpenQuestion):
            return self._acknowledge(incoming) + self._outbox.say(record.waiting.message(record.chat_id))
        return self._hint(incoming, Text("dialogs.one_moment"))

    async def leave(self, chat_id: ChatId) -> Write | None:
        """Ends the chat's dialog where it stands. None: no dialog is open."""
        record = await self._live.find_record(chat_id)
        if record is None:
            return None
        self._live.forget(chat_id)
        return (
            self._ownership.fence(record.user_id)
            + self._journal.cancel_timer(record.waiting)
            + self._close_question(record, None)
            + self._journal.close(chat_id)
        )

    async def _take(self, live: Live, incoming: Incoming, pressed: str | None) -> Write | None:
        verdict = _judge(live, incoming, pressed)
        if verdict is None:
            return NOTHING
        if isinstance(verdict, Hint):
            return self._hint(incoming, verdict.text)
        # The question's message is edited before the next one is said.
        before = (
            self._acknowledge(incoming)
            + self._journal.cancel_timer(live.record.waiting)
            + self._close_question(live.record, verdict.choice)
        )
        entry = verdict.entry
        journaled = await self._journal.seal(live.record.user_id, entry)
        await self._live.settle(live, lambda: live.run.resume(entry, journaled), incoming.finish, before=before)
        return None

    def _close_question(self, record: Record, choice: Text | Verbatim | None) -> Write:
        """Takes the buttons off an answered question and shows in it what was chosen."""
        question = record.waiting
        if not isinstance(question, OpenQuestion) or not (question.options or question.links):
            return NOTHING
        text = question.text
        if choice is not None:
            text = Text("dialogs.chosen", {"question": question.text, "choice": choice})
        return self._outbox.edit(record.chat_id, question.card, text, body=question.body)

    def _acknowledge(self, incoming: Incoming) -> Write:
        press = incoming.update.callback_query if incoming.update is not None else None
        return NOTHING if press is None else self._outbox.acknowledge(incoming.chat_id, press.id)

    def _hint(self, incoming: Incoming, text: Text) -> Write:
        """Words in between: on top of the screen for a press, a message otherwise."""
        press = incoming.update.callback_query if incoming.update is not None else None
        if press is not None:
            return self._outbox.acknowledge(incoming.chat_id, press.id, text)
        return self._outbox.say(OutgoingMessage(incoming.chat_id, text))


def _judge(live: Live, incoming: Incoming, pressed: str | None) -> Verdict:
    waiting = live.record.waiting
    if incoming.event is not None:
        return judge_event(waiting, incoming.event)
    if pressed is not None:
        return judge_press(waiting, pressed)
    accept = live.stop.accept if isinstance(live.stop, Ask) else None
    return judge_message(waiting, accept, incoming)
