"""Supervisor: starts children, starts them again when they fail, stops them; one cancel scope per child.

    async with open_supervisor(clock, random) as supervisor:
        await supervisor.start(ChildSpec("autopilot:42", run_hunt))
        ...
        stuck = await supervisor.stop_all("SIGTERM")

Failures here are mostly remote, so nothing escalates as in Erlang: a child over its budget goes into quarantine and its
neighbours never notice; many that fail alike wait together for what they share (`circuit.py`). Trio can't kill a task:
a child that ignores its cancellation is reported as stuck and its owner decides, usually by ending the process.

Each child costs one task and one slotted record. `start_timeout` is the deadline of the child's own cancel scope, so
no child needs a nursery.
"""

from __future__ import annotations

import math
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog
import trio

from daemon.supervisor.circuit import OF_THE_STORE, Circuit, CircuitPolicy
from daemon.supervisor.health import ChildState, Phase
from daemon.supervisor.quarantine import MemoryBook, QuarantineBook, QuarantineClerk, QuarantineEntry
from daemon.supervisor.stopping import stop_children
from daemon.supervisor.verdict import StartTimeout, UnexpectedEnd, Verdict, judge

if TYPE_CHECKING:
    import random as randomness
    from collections.abc import AsyncIterator, Callable, Collection, Sequence

    from daemon.clock import Clock
    from daemon.supervisor.child import ChildSpec

log = structlog.get_logger(__name__)

ORDINARY_CIRCUIT = CircuitPolicy()
CLOSING_SECONDS = 2.0


class AlreadyRunning(Exception):
    """A child of this name exists."""


class SupervisorClosed(Exception):
    """The supervisor is stopping and takes no more children."""


class Status:
    """What a child is handed (`ChildStatus`)."""

    __slots__ = ("_child", "_supervisor")

    def __init__(self, supervisor: Supervisor, child: ChildState) -> None:
        self._supervisor = supervisor
        self._child = child

    def started(self, value: None = None) -> None:  # noqa: ARG002 - the signature of trio.TaskStatus
        """The child is up."""
        self._supervisor.note_started(self._child)

    @property
    def stopping(self) -> trio.Event:
        """Set when the child is asked to end by itself."""
        if self._child.stopping is None:
            self._child.stopping = trio.Event()
            if self._child.stop_reason is not None:
                self._child.stopping.set()
        return self._child.stopping


class Supervisor:
    """A flat set of named children. Made by `open_supervisor`."""

    def __init__(
        self,
        nursery: trio.Nursery,
        clock: Clock,
        random: randomness.Random,
        clerk: QuarantineClerk,
        circuit: CircuitPolicy = ORDINARY_CIRCUIT,
    ) -> None:
        self._nursery = nursery
        self._clock = clock
        self._random = random
        self._clerk = clerk
        self._circuit_policy = circuit
        self._children: dict[str, ChildState] = {}
        self._circuits: dict[str, Circuit] = {}
        self._entries: dict[str, QuarantineEntry] = {}
        self.restarts = 0
        """Restarts since the supervisor opened, of children that are gone too."""
        self.is_closing = False

    def children(self) -> list[ChildState]:
        """All children that are not gone, in the order they were started."""
        return list(self._children.values())

    def find(self, name: str) -> ChildState | None:
        """The child of this name."""
        return self._children.get(name)

    def open_circuits(self) -> list[Circuit]:
        """Fingerprints that are taken for the failure of something shared."""
        for circuit in self._circuits.values():
            circuit.settle(trio.current_time())
        return [circuit for circuit in self._circuits.values() if circuit.is_open]

    def load_entries(self, entries: Sequence[QuarantineEntry]) -> None:
        """Children named here begin in quarantine when they are started."""
        self._entries.update((entry.child, entry) for entry in entries)

    def replace_entries(self, names: Collection[str], entries: Sequence[QuarantineEntry]) -> None:
        """What a book that others write too says by now of these children, who do not run here."""
        for name in names:
            self._entries.pop(name, None)
        self._entries.update((entry.child, entry) for entry in entries if entry.child in set(names))

    def launch(self, spec: ChildSpec) -> ChildState:
        """Starts a child and returns at once. Raises `AlreadyRunning` when the name is taken, `SupervisorClosed`."""
        if self.is_closing:
            raise SupervisorClosed
        if spec.name in self._children:
            raise AlreadyRunning(spec.name)
        child = ChildState(spec, trio.current_time())
        child.entry = self._entries.get(spec.name)
        self._children[spec.name] = child
        self._nursery.start_soon(self._keep_running, child, name=spec.name)
        return child

    async def start(self, spec: ChildSpec) -> ChildState:
        """Starts a child and returns when it is up or its first try has failed; it is looked after in either case.

        A predecessor of the same name that is being stopped is waited for.
        """
        before = self._children.get(spec.name)
        if before is not None and before.stop_reason is not None:
            await before.wait_ended()
        child = self.launch(spec)
        await child.wait_settled()
        return child

    async def stop(self, name: str, reason: str, *, deadline_seconds: float = 5.0) -> bool:
        """Stops one child; True when it is gone, or was never there. Never call it from the child itself."""
        child = self._children.get(name)
        return child is None or not await self.stop_children([child], reason, deadline_seconds=deadline_seconds)

    async def stop_all(self, reason: str, *, deadline_seconds: float = 5.0) -> tuple[str, ...]:
        """Stops everything and takes no more children; names those that did not end within the deadline."""
        self.is_closing = True
        return await self.stop_children(self.children(), reason, deadline_seconds=deadline_seconds)

    async def stop_children(
        self, children: Sequence[ChildState], reason: str, *, deadline_seconds: float = 5.0
    ) -> tuple[str, ...]:
        """Soft first for those that asked for it, then cancelled; the names of those that ignore it are returned.

        The deadline is for the ends after the cancellation; the soft stage lasts as long as the longest
        `soft_stop_seconds` among these children, less when all end earlier.
        """
        return await stop_children(children, reason, deadline_seconds)

    def release(self, name: str) -> bool:
        """Tries a child that waits, is held or in quarantine now. False when there is nothing to release."""
        child = self._children.get(name)
        if child is None or child.phase not in {Phase.WAITING, Phase.HELD, Phase.QUARANTINED} or child.scope is None:
            return False
        child.scope.cancel("released")
        return True

    def note_started(self, child: ChildState) -> None:
        """The child says it is up."""
        if child.phase is not Phase.STARTING or child.scope is None:
            return
        child.scope.deadline = math.inf
        now = trio.current_time()
        child.enter(Phase.RUNNING, now)
        if child.entry is not None:
            self._clerk.leave(child.name)
        if child.fingerprint is not None and (circuit := self._circuits.get(child.fingerprint)) is not None:
            circuit.note_ready(child.name, now)

    async def _keep_running(self, child: ChildState) -> None:
        try:
            if child.entry is not None:
                await self._sit_out(child, child.entry)
            while child.stop_reason is None:
                verdict = await self._try_once(child)
                if verdict is None:
                    break
                await self._recover(child, verdict)
                child.restarts += 1
                self.restarts += 1
        finally:
            if child.fingerprint is not None and child.fingerprint in self._circuits:
                self._circuits[child.fingerprint].note_end(child.name)
            del self._children[child.name]
            child.enter(Phase.ENDED, trio.current_time())

    async def _try_once(self, child: ChildState) -> Verdict | None:
        """Runs the child once. None: it is done."""
        began = trio.current_time()
        child.enter(Phase.STARTING, began)
        verdict = None
        child.scope = scope = trio.CancelScope(deadline=began + child.spec.start_timeout_seconds)
        try:
            with scope:
                await child.spec.run(Status(self, child))
        except* Exception as group:  # noqa: BLE001 - the edge of the child; what is cancelled passes through `except*`
            verdict = judge(group)
        child.scope = None
        if verdict is None and child.stop_reason is None:
            verdict = _missing_end(child, scope)
        if verdict is None:
            return None
        if child.stop_reason is not None or trio.current_effective_deadline() == -math.inf:
            # Asked to stop, or everything around is being cancelled: what an ending child throws is no failure of it.
            log.warning("child_failed_while_stopping", child=child.name, fingerprint=verdict.fingerprint)
            return None
        self._forgive_if_stable(child)
        return verdict

    def _forgive_if_stable(self, child: ChildState) -> None:
        ran_for = trio.current_time() - child.since if child.phase is Phase.RUNNING else 0.0
        if ran_for >= child.spec.restart.stable_after_seconds:
            child.streak, child.failed_at, child.entry = 0, None, None
            self._entries.pop(child.name, None)

    async def _recover(self, child: ChildState, verdict: Verdict) -> None:
        """Waits as long as this failure asks for."""
        now = trio.current_time()
        child.streak += 1
        self._leave_circuit(child, verdict.fingerprint)
        child.fingerprint = verdict.fingerprint
        if verdict.is_permanent:
            await self._quarantine(child, verdict)
        elif self._count(verdict.fingerprint).note_failure(child.name, now):
            child.failed_at = None
            _tell("child_held", child, verdict)
            await self._hold(child)
        elif child.entry is not None or self._is_over_budget(child, verdict, now):
            await self._quarantine(child, verdict)
        else:
            policy = child.spec.restart
            wait = policy.wait_before(child.streak, self._random, verdict.retry_after_seconds)
            _tell("child_failed", child, verdict, wait_seconds=round(wait, 3))
            await self._pause(child, Phase.WAITING, wait)
            await self._hold(child)

    async def _hold(self, child: ChildState) -> None:
        """Waits while the circuit of this child's last failure is open."""
        circuit = self._circuits.get(child.fingerprint or "")
        if circuit is None or not circuit.is_open or child.stop_reason is not None:
            return
        child.enter(Phase.HELD, trio.current_time())
        spread = 0.0
        with trio.CancelScope() as child.scope:
            spread = await circuit.take_turn(child.name)
        child.scope = None
        if spread and not child.spec.is_essential:  # the few without whom nothing is served go before the crowd
            await self._pause(child, Phase.WAITING, spread)

    async def _quarantine(self, child: ChildState, verdict: Verdict) -> None:
        now = self._clock.now()
        since_at = child.entry.since_at if child.entry else now
        wait = child.spec.restart.probe_after((now - since_at) / 1000, self._random)
        entry = QuarantineEntry(
            child=child.name,
            fingerprint=verdict.fingerprint,
            error=verdict.error,
            failures=(child.entry.failures if child.entry else 0) + child.streak,
            since_at=since_at,
            next_probe_at=now + round(wait * 1000),
        )
        log.error("child_quarantined", child=child.name, fingerprint=entry.fingerprint, frames=verdict.frames)
        self._entries[child.name] = entry
        self._clerk.enter(entry)
        child.streak, child.failed_at = 0, None
        await self._sit_out(child, entry)

    async def _sit_out(self, child: ChildState, entry: QuarantineEntry) -> None:
        child.entry = entry
        child.fingerprint = entry.fingerprint
        child.enter(Phase.QUARANTINED, trio.current_time())
        with trio.CancelScope() as child.scope:
            if child.stop_reason is None:
                await self._clock.sleep_until(entry.next_probe_at)
        child.scope = None

    async def _pause(self, child: ChildState, phase: Phase, seconds: float) -> None:
        if child.stop_reason is not None:
            return
        now = trio.current_time()
        child.enter(phase, now)
        child.next_try_at = now + seconds
        with trio.CancelScope() as child.scope:
            await trio.sleep(seconds)
        child.scope = None
        child.next_try_at = math.inf

    def _is_over_budget(self, child: ChildState, verdict: Verdict, now: float) -> bool:
        """What will pass by itself costs no budget."""
        if verdict.is_temporary:
            return False
        if child.failed_at is None:
            child.failed_at = []
        child.failed_at.append(now)
        return child.spec.restart.is_over_budget(child.failed_at, now)

    def _count(self, fingerprint: str) -> Circuit:
        circuit = self._circuits.get(fingerprint)
        if circuit is None:
            now = trio.current_time()
            self._circuits = {key: kept for key, kept in self._circuits.items() if not kept.is_forgettable(now)}
            circuit = self._circuits[fingerprint] = Circuit(fingerprint, self._policy_for(fingerprint), self._random)
        return circuit

    def _policy_for(self, fingerprint: str) -> CircuitPolicy:
        is_ours = fingerprint.endswith("@store") and self._circuit_policy is ORDINARY_CIRCUIT
        return OF_THE_STORE if is_ours else self._circuit_policy

    def _leave_circuit(self, child: ChildState, fingerprint: str) -> None:
        """A probe that fails in another way says nothing about its circuit: somebody else tries."""
        if child.fingerprint not in {None, fingerprint} and child.fingerprint in self._circuits:
            self._circuits[child.fingerprint].note_end(child.name)


@asynccontextmanager
async def open_supervisor(
    clock: Clock,
    random: randomness.Random,
    *,
    quarantine: QuarantineBook | None = None,
    circuit: CircuitPolicy = ORDINARY_CIRCUIT,
    closing_seconds: float = CLOSING_SECONDS,
    give_up: Callable[[tuple[str, ...]], None] | None = None,
) -> AsyncIterator[Supervisor]:
    """A supervisor for the length of the block; whatever still runs at its end is stopped.

    `give_up` gets the names of children that ignore their cancellation; without it the block waits for them, as Trio
    does. A process that must end calls `os._exit` there.
    """
    book = quarantine if quarantine is not None else MemoryBook()
    clerk = QuarantineClerk(book)
    async with trio.open_nursery() as nursery:
        supervisor = Supervisor(nursery, clock, random, clerk, circuit)
        supervisor.load_entries(list(await book.load()))
        nursery.start_soon(clerk.run, name="quarantine clerk")
        try:
            yield supervisor
        finally:
            with trio.CancelScope(shield=True):
                stuck = await supervisor.stop_all("the supervisor closes", deadline_seconds=closing_seconds)
                with trio.move_on_after(closing_seconds):
                    await clerk.flush()
            if stuck and give_up is not None:
                give_up(stuck)
            nursery.cancel_scope.cancel("the supervisor closes")


def _missing_end(child: ChildState, scope: trio.CancelScope) -> Verdict | None:
    if scope.cancelled_caught:
        return judge(StartTimeout())
    return judge(UnexpectedEnd()) if child.spec.is_essential else None


def _tell(event: str, child: ChildState, verdict: Verdict, **more: float) -> None:
    log.warning(event, child=child.name, fingerprint=verdict.fingerprint, streak=child.streak, **more)
