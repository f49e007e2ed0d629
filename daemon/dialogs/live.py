"""LiveDialogs: the dialogs in memory; wakes them from their journals, commits their steps, does their outside work.

A commit is one write: the finished update, the answer, the messages, the next question, its timer. Whenever a commit
fails or its outcome is unknown, the dialog in memory is thrown away: the journal is the truth. Outside work (`do`)
runs in a task of its own, so the chat's lane stays free meanwhile; the one lock per dialog keeps the end of that work
apart from what arrives at the same moment.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
import trio

from daemon.dialogs.errors import ScriptChanged
from daemon.dialogs.question import OpenQuestion, Sleeping, Working, is_same_place, make_question_id
from daemon.dialogs.running import Place, ScriptRun
from daemon.dialogs.steps import Ask, Do, End, Sleep
from daemon.dialogs.work import Work, attempt_work
from daemon.errors import Permanent
from daemon.outbox.message import OutgoingMessage, Text
from daemon.patience import write_patiently
from store.errors import LeaseLost, StoreError, StoreUnavailable
from store.write import NOTHING, join

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from daemon.clock import Clock
    from daemon.dialogs.dialog import Script
    from daemon.dialogs.journal import DialogJournal, Record
    from daemon.dialogs.question import Waiting
    from daemon.dialogs.steps import Stop
    from daemon.outbox.outbox import Outbox
    from store.durable.ownership import Ownership
    from store.ids import ChatId
    from store.store import Store
    from store.write import Write

log = structlog.get_logger(__name__)
DOUBT_SECONDS = 1.0
"""A commit that was broken off may still be under way: it is looked for when it is over."""


@dataclass(slots=True)
class Live:
    """A dialog in memory."""

    record: Record
    run: ScriptRun
    stop: Stop = field(default_factory=End)
    lock: trio.Lock = field(default_factory=trio.Lock)
    work: Work | None = None
    used_at: float = 0.0


class NoDialog(Exception):
    """No dialog is open in this chat."""


class LiveDialogs:
    """The bounded set of dialogs that are in memory, one a chat."""

    def __init__(  # noqa: PLR0917 - the engine's own parts, in the engine's order
        self,
        store: Store,
        outbox: Outbox,
        ownership: Ownership,
        clock: Clock,
        scripts: Mapping[str, Script],
        fingerprints: Mapping[str, str],
        journal: DialogJournal,
        *,
        idle_seconds: float,
        most_live: int,
        work_seconds: float,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._ownership = ownership
        self._clock = clock
        self._scripts = scripts
        self._fingerprints = fingerprints
        self._idle_seconds = idle_seconds
        self._most_live = most_live
        self._work_seconds = work_seconds
        self._journal = journal
        self._live: OrderedDict[ChatId, Live] = OrderedDict()
        self._nursery: trio.Nursery | None = None
        self._stirred = trio.Event()
        self._waking: dict[ChatId, trio.Lock] = {}

    def __len__(self) -> int:
        return len(self._live)

    def get(self, chat_id: ChatId) -> Live | None:
        """The chat's dialog, if it is in memory."""
        return self._live.get(chat_id)

    async def find_record(self, chat_id: ChatId) -> Record | None:
        """What is known of the chat's dialog, without waking it."""
        live = self._live.get(chat_id)
        return live.record if live is not None else await self._journal.load(chat_id)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While open, outside work is done and idle dialogs are put to sleep."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self._put_idle_to_sleep, name="dialogs: put idle to sleep")
            nursery.start_soon(self._resume_work, name="dialogs: resume interrupted work")
            try:
                yield
            finally:
                self._nursery = None
                nursery.cancel_scope.cancel()
                for chat_id in list(self._live):
                    self.forget(chat_id)

    async def let_go(self, shards: frozenset[int]) -> None:
        """People who are not ours any more: their dialogs leave memory, and the work of these has ended on return."""
        gone = [live for live in self._live.values() if self._ownership.shard_of(live.record.user_id) in shards]
        for live in gone:
            self.forget(live.record.chat_id)
        for live in gone:
            if live.work is not None:
                await live.work.done.wait()

    def take_up(self, shards: frozenset[int]) -> None:
        """People who are ours now: what their dialogs were doing when their owner ended is done again."""
        if self._nursery is not None:
            self._nursery.start_soon(self._resume_work, shards, name="dialogs: resume work taken over")

    async def open(self, record: Record, before: Write, extra: Write) -> None:
        """Begins a new dialog and commits its first step, with `before` in front of it and `extra` behind."""
        run = self._run_of(record)
        await self.settle(Live(record, run), run.start, extra, before=before)

    async def wake(self, chat_id: ChatId, extra: Write) -> Live | None:
        """The chat's dialog, run through its journal to the line it waits at if it was asleep. Raises `NoDialog`.

        None: the journal does not fit the script any more; it goes on from its last checkpoint or starts again, asks
        its question anew, and `extra` is committed with that.
        """
        # After a start the lane and the resumption of interrupted work may want the same dialog: it wakes once.
        lock = self._waking.setdefault(chat_id, trio.Lock())
        try:
            async with lock:
                if not self._ownership.owns(chat_id):
                    raise LeaseLost
                live = self._live.get(chat_id)
                return live if live is not None else await self._wake(chat_id, extra)
        finally:
            if not lock.locked():
                self._waking.pop(chat_id, None)

    async def _wake(self, chat_id: ChatId, extra: Write) -> Live | None:
        record = await self._journal.load(chat_id)
        if record is None:
            raise NoDialog
        if record.script not in self._scripts:
            await self._store.write(self._goodbye(record, "dialogs.gone") + extra)
            return None
        run = self._run_of(record)
        try:
            stop = run.start(await self._journal.load_entries(record))
            fits = is_same_place(record.waiting, stop)
        except (ScriptChanged, Permanent):  # Permanent: what was typed can't be opened any more
            fits, stop = False, End()
        except StoreError:  # the journal could not be read: no fault of the script's
            run.close()
            raise
        except Exception as error:  # noqa: BLE001 - the edge of a script: its bug must not stop the chat
            if record.fingerprint == self._fingerprints[record.script]:
                await self._end_broken(Live(record, run), error, extra)
                return None
            fits, stop = False, End()
        if not fits:
            run.close()
            await self._go_back(record, extra)
            return None
        record.fingerprint = self._fingerprints[record.script]
        live = Live(record, run)
        self._rest(live, stop)
        return live

    async def settle(
        self,
        live: Live,
        move: Callable[[], Stop],
        extra: Write,
        *,
        before: Write = NOTHING,
        patiently: bool = False,
    ) -> None:
        """Moves the script to its next resting point; commits `before`, all it did on the way, and `extra` as one."""
        record = live.record
        try:
            stop = move()
        except Exception as error:  # noqa: BLE001 - the edge of a script: its bug must not stop the chat
            await self._end_broken(live, error, extra, before)
            return
        waiting = self._waiting_at(record, stop)
        write = before + self._write_step(live, stop, waiting) + extra
        try:
            await (write_patiently(self._store, write) if patiently else self._store.write(write))
        except BaseException:
            self.forget(record.chat_id)
            live.run.close()
            # It may have been carried out all the same, and with it work that nobody would begin: the journal knows.
            if self._nursery is not None:
                self._nursery.start_soon(self._come_back, record, DOUBT_SECONDS, name="dialogs: come back")
            raise
        if waiting is None:
            self.forget(record.chat_id)
            return
        live.run.begin_draft()
        record.advance(waiting)
        self._rest(live, stop)

    def lay_down(self, chat_id: ChatId) -> None:
        """Puts a dialog to sleep if nothing is going on in it."""
        live = self._live.get(chat_id)
        if live is not None and live.work is None and not live.lock.locked():
            self.forget(chat_id)

    def forget(self, chat_id: ChatId) -> None:
        """Throws a dialog out of memory and stops its outside work; the journal stays."""
        live = self._live.pop(chat_id, None)
        if live is not None:
            if live.work is not None:
                live.work.scope.cancel()
            live.run.close()

    def _run_of(self, record: Record) -> ScriptRun:
        place = Place(list(record.place.passed), dict(record.place.state), record.place.said)
        return ScriptRun(self._scripts[record.script], record.chat_id, record.user_id, place, self._outbox, self._clock)

    def _waiting_at(self, record: Record, stop: Stop) -> Waiting | None:
        number = record.version + 1
        question_id = make_question_id(record.opened_at, number)
        timer = f"{record.name}:{question_id}"
        match stop:
            case Ask():
                return OpenQuestion(
                    question_id,
                    number,
                    stop.text,
                    stop.body,
                    stop.options,
                    stop.links,
                    takes_text=stop.accept is not None,
                    events=stop.events,
                    timer=None if stop.timeout_seconds is None else timer,
                )
            case Do():
                return Working(stop.name)
            case Sleep():
                return Sleeping(stop.due_at, timer)
            case End():
                return None

    def _write_step(self, live: Live, stop: Stop, waiting: Waiting | None) -> Write:
        record, draft, now = live.record, live.run.draft, self._clock.now()
        fence = self._ownership.fence(record.user_id)
        if waiting is None:
            return fence + join(draft.writes) + (NOTHING if record.is_new else self._journal.close(record.chat_id))
        record.place = live.run.place
        write = fence + self._journal.save(record, draft, waiting, now)
        if isinstance(waiting, OpenQuestion):
            write += self._outbox.say(waiting.message(record.chat_id))
        due_at = _due_at(stop, now)
        timer = getattr(waiting, "timer", None)
        return write if timer is None or due_at is None else write + self._journal.set_timer(record, timer, due_at)

    def _rest(self, live: Live, stop: Stop) -> None:
        """The dialog is committed where it stands: keep it in memory, and begin the work it waits for."""
        chat_id = live.record.chat_id
        live.stop, live.used_at = stop, trio.current_time()
        self._live[chat_id] = live
        self._live.move_to_end(chat_id)
        self._stirred.set()
        if len(self._live) > self._most_live:
            idle = next((other for other in self._live.values() if other.work is None and other is not live), None)
            if idle is not None:
                self.forget(idle.record.chat_id)
        live.work = None
        if isinstance(stop, Do) and self._nursery is not None:
            live.work = Work()
            self._nursery.start_soon(self._perform, live, stop, live.work, name=f"dialog work: {stop.name}")

    async def _perform(self, live: Live, step: Do, work: Work) -> None:
        try:
            await self._perform_and_go_on(live, step, work.scope)
        finally:
            work.done.set()

    async def _perform_and_go_on(self, live: Live, step: Do, scope: trio.CancelScope) -> None:
        with scope:
            entry = await attempt_work(step, self._work_seconds)
            async with live.lock:
                if self._live.get(live.record.chat_id) is not live:
                    return
                try:
                    await self.settle(live, lambda: live.run.resume(entry), NOTHING, patiently=True)
                except StoreError as error:
                    log.warning("dialog_work_unsaved", work=step.name, error=type(error).__name__)

    async def _resume_work(self, shards: frozenset[int] | None = None) -> None:
        """After a start or a take-over: nobody's message wakes a dialog that was doing something when its owner died.

        Of these shards; None: of all that are owned.
        """
        try:
            records = await self._journal.load_working()
        except StoreError as error:
            # Their next message will wake them.
            log.warning("dialogs_not_resumed", error=type(error).__name__)
            return
        for record in records:
            is_asked_for = shards is None or self._ownership.shard_of(record.user_id) in shards
            if is_asked_for and record.chat_id not in self._live:
                await self._come_back(record)

    async def _come_back(self, record: Record, after_seconds: float = 0.0) -> None:
        """Wakes a dialog where its journal stands, and thereby its work. A store that is away is waited for."""
        await trio.sleep(after_seconds)
        while self._ownership.owns(record.user_id):
            try:
                await self.wake(record.chat_id, NOTHING)
            except StoreUnavailable as error:
                await trio.sleep(error.retry_after_seconds)
                continue
            except NoDialog:
                pass
            except StoreError as error:
                log.warning("dialog_not_resumed", chat_id=record.chat_id, error=type(error).__name__)
            return

    async def _put_idle_to_sleep(self) -> None:
        while True:
            oldest = next(iter(self._live.values()), None)
            if oldest is None:
                self._stirred = trio.Event()
                await self._stirred.wait()
                continue
            await trio.sleep_until(oldest.used_at + self._idle_seconds)
            limit = trio.current_time() - self._idle_seconds
            for live in [live for live in self._live.values() if live.used_at <= limit]:
                if live.work is None and not live.lock.locked():
                    self.forget(live.record.chat_id)
                else:
                    live.used_at = trio.current_time()
                    self._live.move_to_end(live.record.chat_id)

    async def _go_back(self, record: Record, extra: Write) -> None:
        """The script changed: on from the last checkpoint, politely."""
        log.info("dialog_script_changed", script=record.script, chat_id=record.chat_id)
        record.place = Place(record.place.passed, record.place.state, 0)
        record.fingerprint = self._fingerprints[record.script]
        run = self._run_of(record)
        run.draft.is_trimmed = True
        key = "dialogs.script_went_on" if record.place.passed else "dialogs.script_starts_again"
        run.draft.writes.append(self._journal.cancel_timer(record.waiting))
        run.draft.writes.append(self._outbox.say(OutgoingMessage(record.chat_id, Text(key))))
        await self.settle(Live(record, run), run.start, extra)

    async def _end_broken(self, live: Live, error: Exception, extra: Write, before: Write = NOTHING) -> None:
        """A script raised: it ends with a polite word, its chat goes on."""
        record = live.record
        log.error("dialog_failed", script=record.script, chat_id=record.chat_id, error=repr(error))
        await self._store.write(before + self._goodbye(record, "dialogs.failed") + extra)
        self.forget(record.chat_id)
        live.run.close()

    def _goodbye(self, record: Record, key: str) -> Write:
        return (
            self._ownership.fence(record.user_id)
            + self._journal.cancel_timer(record.waiting)
            + self._outbox.say(OutgoingMessage(record.chat_id, Text(key)))
            + self._journal.close(record.chat_id)
        )


def _due_at(stop: Stop, now: int) -> int | None:
    if isinstance(stop, Sleep):
        return stop.due_at
    if isinstance(stop, Ask) and stop.timeout_seconds is not None:
        return now + round(stop.timeout_seconds * 1000)
    return None
