"""The predicates a hunt asks before each step; `explain` asks the same ones for /status and `aurora ctl why`.

Ordered: the first closed one of a stage is what keeps the hunt from that stage. Pure functions of `HuntFacts`, so the
explanation can't drift from the behaviour.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from daemon.autopilot.facts import AMBIGUOUS_BUDGET, read_facts
from daemon.autopilot.moments import show_moment
from daemon.outbox.message import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daemon.autopilot.facts import HuntFacts
    from daemon.autopilot.tools import HuntTools
    from daemon.outbox.message import Value
    from store.ids import UserId

MOST_WAITING = 10
"""So many unanswered letters are enough: more would only bury the person."""


class Stage(StrEnum):
    """What a closed gate keeps the hunt from."""

    HUNT = "hunt"
    """Everything."""
    SEARCH = "search"
    APPLY = "apply"
    """Details, letters, applications, cards."""
    NOTHING = "nothing"
    """Only told."""


@dataclass(frozen=True, slots=True)
class GateReport:
    """One gate as it stands now."""

    name: str
    stage: Stage
    is_open: bool
    text: Text
    """For the person and the operator, with its values."""
    until: int | None = None
    """When a closed gate opens by itself; None: not before somebody does something."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A predicate with its name and what it guards."""

    name: str
    stage: Stage
    look: Callable[[HuntFacts], tuple[str, Mapping[str, Value], int | None]]
    """The variant of its text (`open` and what OPEN names let through), the values, until when."""


OPEN = frozenset({"open", "none_needed", "auto", "approve", "assisted"})


def _wish(facts: HuntFacts) -> tuple[str, Mapping[str, Value], int | None]:
    if facts.hunt is None:
        return "none", {}, None
    variant = "open" if facts.hunt.wish == "running" else facts.hunt.wish
    by = facts.hunt.wish_by if facts.hunt.wish_by in {"person", "rule"} else "admin"
    return variant, {"by": Text(f"autopilot.by.{by}")}, None


def _owner(facts: HuntFacts) -> tuple[str, Mapping[str, Value], int | None]:
    if facts.owner is None:
        return "open", {}, None
    return ("closed", {"owner": facts.owner}, None) if facts.owner else ("nobody", {}, None)


def _blocked(facts: HuntFacts) -> tuple[str, Mapping[str, Value], int | None]:
    return "closed" if facts.is_blocked else "open", {}, None


def _quarantine(facts: HuntFacts) -> tuple[str, Mapping[str, Value], int | None]:
    if facts.quarantine is None:
        return "open", {}, None
    until = facts.quarantine.next_probe_at
    return "closed", {"error": facts.quarantine.error[:80], "until": show_moment(until)}, until


def _board(facts: HuntFacts) -> tuple[str, Mapping[str, Value], int | None]:
    is_missing = facts.hunt is not None and not facts.has_board
    return "closed" if is_missing else "open", {"board": facts.hunt.board if facts.hunt is not None else ""}, None


def _query(facts: HuntFacts) -> tuple[str, Mapping[str, Value], int | None]:
    return "open" if facts.hunt is not None and facts.hunt.query else "closed", {}, None


def _resume(facts: HuntFacts) -> tuple[str, Mapping[str, Value], int | None]:
    return "open" if facts.has_resume else "closed", {}, None


def _login(facts: HuntFacts) -> tuple[str, Mapping[str, Value], int | None]:
    if facts.is_login_lost:
        return "closed", {}, None
    return "open" if facts.has_login else "none_needed", {}, None


def _mode(facts: HuntFacts) -> tuple[str, Mapping[str, Value], int | None]:
    return facts.mode, {}, None


def _trouble(facts: HuntFacts) -> tuple[str, Mapping[str, Value], int | None]:
    until = max(facts.progress.trouble_until, facts.board_rests_until)
    return ("closed", {"until": show_moment(until)}, until) if until > facts.now else ("open", {}, None)


def _rest(facts: HuntFacts) -> tuple[str, Mapping[str, Value], int | None]:
    reason = next((reason for reason in ("captcha", "limit") if facts.rests_for(reason)), None)
    if reason is None or facts.rests_until is None:
        return "open", {}, None
    return reason, {"until": show_moment(facts.rests_until)}, facts.rests_until


def _doubts(facts: HuntFacts) -> tuple[str, Mapping[str, Value], int | None]:
    variant = "open" if facts.ambiguous < AMBIGUOUS_BUDGET else "closed"
    return variant, {"n": facts.ambiguous, "limit": AMBIGUOUS_BUDGET}, facts.next_question_at


def _cap(facts: HuntFacts) -> tuple[str, Mapping[str, Value], int | None]:
    values: dict[str, Value] = {"n": facts.used_today, "limit": facts.daily_limit}
    if facts.used_today < facts.daily_limit:
        return "open", values, None
    until = facts.place_free_at
    return "closed", values | {"until": show_moment(until or facts.now)}, until


def _waiting(facts: HuntFacts) -> tuple[str, Mapping[str, Value], int | None]:
    is_closed = facts.waiting >= MOST_WAITING and not facts.has_approved
    return "closed" if is_closed else "open", {"n": facts.waiting}, None


def _pace(facts: HuntFacts) -> tuple[str, Mapping[str, Value], int | None]:
    until = facts.progress.next_application_at
    if until <= facts.now:
        return "open", {}, None
    return "closed", {"until": show_moment(until)}, until


def _search(facts: HuntFacts) -> tuple[str, Mapping[str, Value], int | None]:
    until = facts.hunt.next_search_at if facts.hunt is not None else None
    if until is None or until <= facts.now:
        return "open", {}, None
    return "closed", {"until": show_moment(until)}, until


def _fresh(facts: HuntFacts) -> tuple[str, Mapping[str, Value], int | None]:
    since = facts.progress.fruitless_since
    return ("open", {}, None) if since is None else ("closed", {"since": show_moment(since)}, None)


GATES = (
    Gate("wish", Stage.HUNT, _wish),
    Gate("owner", Stage.HUNT, _owner),
    Gate("blocked", Stage.HUNT, _blocked),
    Gate("quarantine", Stage.NOTHING, _quarantine),
    Gate("board", Stage.HUNT, _board),
    Gate("query", Stage.HUNT, _query),
    Gate("resume", Stage.HUNT, _resume),
    Gate("login", Stage.HUNT, _login),
    Gate("mode", Stage.NOTHING, _mode),
    Gate("trouble", Stage.HUNT, _trouble),
    Gate("rest", Stage.APPLY, _rest),
    Gate("doubts", Stage.APPLY, _doubts),
    Gate("cap", Stage.APPLY, _cap),
    Gate("waiting", Stage.APPLY, _waiting),
    Gate("pace", Stage.APPLY, _pace),
    Gate("search", Stage.SEARCH, _search),
    Gate("fresh", Stage.NOTHING, _fresh),
)
"""In the order in which they are asked. A quarantined hunt does not run at all: the gate tells why."""


def look_at(gate: Gate, facts: HuntFacts) -> GateReport:
    """One gate as it stands."""
    variant, values, until = gate.look(facts)
    is_open = variant in OPEN
    key = f"autopilot.gate.{gate.name}.{variant}"
    return GateReport(gate.name, gate.stage, is_open, Text(key, dict(values)), None if is_open else until)


def closed_gates(facts: HuntFacts, stage: Stage) -> list[GateReport]:
    """What keeps the hunt from this stage, in order; empty: it may go on."""
    reports = (look_at(gate, facts) for gate in GATES if gate.stage is stage)
    return [report for report in reports if not report.is_open]


async def explain(tools: HuntTools, user_id: UserId) -> tuple[GateReport, ...]:
    """All gates of one person's hunt as they stand now, in the order in which the loop asks them."""
    facts = await read_facts(tools, user_id)
    return tuple(look_at(gate, facts) for gate in GATES)
