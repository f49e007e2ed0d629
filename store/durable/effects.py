"""Effect ledger: what is done outside, so that nothing outside is done twice.

    planned ──> sending ──> confirmed
       │           │  └───> refused ──> planned (attempt + 1)
       │           └──────> ambiguous ─> confirmed | refused | planned (attempt + 1)
       └──────────────────> refused

`sending` is on disk before the first byte leaves. What is found in `sending` after a crash, a time-out or a cancel is
ambiguous: the other side is asked, and only then decided. The key says what the effect is, (person, board, vacancy),
never where it sits in the program: a renamed step would do everything again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from store.durable.opaque import Json, from_text, to_text
from store.errors import CapReached, Conflict
from store.write import NOTHING, statement

if TYPE_CHECKING:
    from store.database import Reader, Row
    from store.ids import UserId
    from store.write import SqlValue, Write

_COLUMNS = """
    kind, key, owner, state, attempt, payload, epoch, boot_id, reason, external_id, planned_at, sending_at, settled_at
"""
_COUNTED = "kind = {kind} AND owner = {owner} AND planned_at >= {since} AND state <> 'refused'"
"""Effects that use up a place under a cap; a refused one has given its place back."""

_PLAN = """
    INSERT INTO effects (kind, key, owner, state, attempt, payload, planned_at)
    VALUES ($1, $2, $3, 'planned', 1, $4, $5)
"""
_PLAN_UNDER_CAP = f"""
    INSERT INTO effects (kind, key, owner, state, attempt, payload, planned_at)
    SELECT $1, $2, CAST($3 AS BIGINT), 'planned', 1, $4, CAST($5 AS BIGINT)
    WHERE (SELECT count(*) FROM effects WHERE {_COUNTED.format(kind="$1", owner="$3", since="$6")}) < $7
"""  # noqa: S608 - constants only
_CHECK_CAP = f"""
    SELECT 1 FROM effects AS planned WHERE kind = $1 AND key = $2
    AND (SELECT count(*) FROM effects WHERE {_COUNTED.format(kind="$1", owner="planned.owner", since="$3")}) < $4
"""  # noqa: S608 - constants only
_BEGIN = """
    UPDATE effects SET state = 'sending', epoch = $4, boot_id = $5, sending_at = $6
    WHERE kind = $1 AND key = $2 AND state = 'planned' AND attempt = $3
"""
_CONFIRM = """
    UPDATE effects SET state = 'confirmed', external_id = $3, settled_at = $4, reason = NULL
    WHERE kind = $1 AND key = $2 AND state IN ('sending', 'ambiguous')
"""
_REFUSE = """
    UPDATE effects SET state = 'refused', reason = $3, settled_at = $4
    WHERE kind = $1 AND key = $2 AND state IN ('planned', 'sending', 'ambiguous')
"""
_DOUBT = """
    UPDATE effects SET state = 'ambiguous', reason = $3, settled_at = $4
    WHERE kind = $1 AND key = $2 AND state = 'sending'
"""
_REPLAN = """
    UPDATE effects SET state = 'planned', attempt = attempt + 1, payload = coalesce($3, payload), planned_at = $4,
        epoch = NULL, boot_id = NULL, sending_at = NULL, settled_at = NULL, reason = NULL
    WHERE kind = $1 AND key = $2 AND state IN ('ambiguous', 'refused')
"""
_EMPTY = "UPDATE effects SET payload = 'null', external_id = NULL WHERE owner = $1"
_NO_TWIN = """
    NOT EXISTS (SELECT 1 FROM effects AS twin
                WHERE twin.kind = effects.kind AND twin.key = {renamed})
"""
_DISGUISE = f"""
    UPDATE effects SET key = $3 || substr(key, length($2) + 1), owner = 0
    WHERE owner = $1 AND substr(key, 1, length($2)) = $2
        AND {_NO_TWIN.format(renamed="$3 || substr(effects.key, length($2) + 1)")}
"""  # noqa: S608 - constants only
_RECOGNISE = f"""
    UPDATE effects SET key = $2 || substr(key, length($3) + 1), owner = $1
    WHERE owner = 0 AND substr(key, 1, length($3)) = $3
        AND {_NO_TWIN.format(renamed="$2 || substr(effects.key, length($3) + 1)")}
"""  # noqa: S608 - constants only
_SELECT = f"SELECT {_COLUMNS} FROM effects WHERE kind = $1 AND key = $2"  # noqa: S608 - constants only
_SELECT_OPEN = f"""
    SELECT {_COLUMNS} FROM effects
    WHERE kind = $1 AND owner = $2 AND state IN ('planned', 'sending', 'ambiguous') ORDER BY planned_at, key
"""  # noqa: S608 - constants only
_COUNT = f"SELECT count(*) FROM effects WHERE {_COUNTED.format(kind='$1', owner='$2', since='$3')}"  # noqa: S608 - constants only
_OLDEST = f"SELECT min(planned_at) FROM effects WHERE {_COUNTED.format(kind='$1', owner='$2', since='$3')}"  # noqa: S608 - constants only
_COUNT_BY_STATE = "SELECT kind, state, count(*) FROM effects GROUP BY kind, state"


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `limit` effects of one kind and owner planned at `since` or later."""

    limit: int
    since: int


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One effect. `state`: planned | sending | confirmed | refused | ambiguous; `attempt` counts from 1."""

    kind: str
    key: str
    owner: UserId
    state: str
    attempt: int
    payload: Json
    epoch: int | None
    boot_id: str | None
    reason: str | None
    external_id: str | None
    planned_at: int
    sending_at: int | None
    settled_at: int | None


class Effects:
    """The ledger. Every move names the states it may come from; from another one it is a `Conflict`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def plan(
        self,
        kind: str,
        key: str,
        owner: UserId,
        payload: Json,
        *,
        now: int,
        fence: Write = NOTHING,
        cap: Cap | None = None,
    ) -> Write:
        """A new effect. `Conflict` when the key is known, `CapReached` when no place is left."""
        if cap is None:
            return fence + statement(_PLAN, kind, key, owner, to_text(payload), now, expects=1)
        parameters: tuple[SqlValue, ...] = (kind, key, owner, to_text(payload), now, cap.since, cap.limit)
        return fence + statement(_PLAN_UNDER_CAP, *parameters, expects=1, otherwise=CapReached)

    def begin(self, kind: str, key: str, *, attempt: int, epoch: int, boot_id: str, now: int) -> Write:
        """Planned to sending: must be on disk before the first byte leaves."""
        return _move(_BEGIN, "planned at this attempt", kind, key, attempt, epoch, boot_id, now)

    def confirm(self, kind: str, key: str, *, external_id: str | None, now: int) -> Write:
        """Done, and the other side said so."""
        return _move(_CONFIRM, "sending or ambiguous", kind, key, external_id, now)

    def refuse(self, kind: str, key: str, *, reason: str, now: int) -> Write:
        """Not done, and the other side said so; or not wanted any more."""
        return _move(_REFUSE, "planned, sending or ambiguous", kind, key, reason, now)

    def doubt(self, kind: str, key: str, *, reason: str, now: int) -> Write:
        """Sent, but nobody knows what came of it."""
        return _move(_DOUBT, "sending", kind, key, reason, now)

    def replan(self, kind: str, key: str, *, payload: Json = None, now: int, cap: Cap | None = None) -> Write:
        """One more attempt after asking, or after the text was mended; takes a place from now on.

        An ambiguous one has its place already; a refused one gave it back, so name a `cap` for it.
        """
        check = NOTHING
        if cap is not None:
            check = statement(_CHECK_CAP, kind, key, cap.since, cap.limit, expects=1, otherwise=CapReached)
        text = None if payload is None else to_text(payload)
        return check + _move(_REPLAN, "ambiguous or refused", kind, key, text, now)

    def disguise(self, owner: UserId, prefix: str, disguise: str) -> Write:
        """The keys of a forgotten person, which begin with `prefix`, begin with `disguise` and belong to nobody."""
        return statement(_EMPTY, owner) + statement(_DISGUISE, owner, prefix, disguise)

    def recognise(self, owner: UserId, prefix: str, disguise: str) -> Write:
        """Somebody forgotten is back: what was done for them then is theirs again, and is not done twice."""
        return statement(_RECOGNISE, owner, prefix, disguise)

    async def get(self, kind: str, key: str) -> EffectRow | None:
        """One effect."""
        row = await self._reader.fetch_one(_SELECT, kind, key)
        return None if row is None else _to_row(row)

    async def open(self, kind: str, owner: UserId) -> list[EffectRow]:
        """Planned, sending and ambiguous ones, the oldest first."""
        return [_to_row(row) for row in await self._reader.fetch_all(_SELECT_OPEN, kind, owner)]

    async def count(self, kind: str, owner: UserId, since: int) -> int:
        """Places used up: all but refused ones planned at `since` or later."""
        row = await self._reader.fetch_one(_COUNT, kind, owner, since)
        return 0 if row is None else row[0]

    async def count_by_state(self) -> dict[tuple[str, str], int]:
        """How many of each kind are in which state, for the metrics page."""
        return {(kind, state): count for kind, state, count in await self._reader.fetch_all(_COUNT_BY_STATE)}

    async def oldest(self, kind: str, owner: UserId, since: int) -> int | None:
        """When the oldest of those counted was planned: the first place to become free."""
        row = await self._reader.fetch_one(_OLDEST, kind, owner, since)
        return None if row is None else row[0]


def _move(sql: str, wanted: str, kind: str, key: str, *parameters: SqlValue) -> Write:
    return statement(
        sql, kind, key, *parameters, expects=1, otherwise=Conflict, unless=f"effect {kind} is not {wanted}"
    )


def _to_row(row: Row) -> EffectRow:
    values = list(row)
    values[5] = from_text(values[5])
    return EffectRow(*values)
