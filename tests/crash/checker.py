"""The independent checker: reads the world's log and the store with its own SQL, and says what is wrong.

Every fault machine hands it what it has at the end of a run; it never asks the daemon, nor any counter of the daemon's
own. Each rule is a function from the evidence to its violations, so that a machine that can't have one kind of evidence
simply has nothing to say about that rule.

    violations = check(world.log.acts(), folder / "aurora.db", accounts={chat: person}, crashes=1, history=images)

What a rule can't know it leaves alone: `accounts` says which chat is which person at the board, `history` are images of
the store taken at each crash, `secrets` and `outputs` what must not be found and where, `left` what was counted after
the stop.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from tests.crash.store_image import StoreImage, read_bytes, read_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from daemon.sandbox.world_log import Act
    from tests.crash.store_image import Record

DAY = 86_400_000
SHARDS = 256
APPLICATION = "application"
SETTLED = ("confirmed", "refused", "ambiguous")
NOBODY = 0
"""Owner of what was done for people who are forgotten."""
PERSONAL = (
    *((table, "user_id") for table in ("hunts", "vacancies", "profiles", "consents", "oauth_states", "board_accounts")),
    *((table, "user_id") for table in ("usage", "data_keys")),
    *((table, "lane") for table in ("timers", "journals")),
    ("cards", "chat_id"),
    ("effects", "owner"),
)
"""Tables with rows of people, and the column that says whose."""
PUT_FINISHED = 0
"""Place of a row that never waited."""
KNOWN_ALREADY = "already_applied"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a run left behind."""

    acts: tuple[Act, ...]
    store: StoreImage
    history: tuple[StoreImage, ...] = ()
    accounts: Mapping[int, str] = field(default_factory=dict)
    crashes: int = 0
    daily_limit: int | None = None
    secrets: tuple[str, ...] = ()
    outputs: Mapping[str, bytes] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)

    @property
    def images(self) -> tuple[StoreImage, ...]:
        """The store over time, the end included."""
        return (*self.history, self.store)

    def of(self, *kinds: str) -> list[Act]:
        """Acts of these kinds, in order."""
        return [act for act in self.acts if act.kind in kinds]


def check(
    acts: Iterable[Act],
    store: StoreImage | str | Path,
    *,
    accounts: Mapping[int, str] | None = None,
    crashes: int = 0,
    history: Sequence[StoreImage] = (),
    daily_limit: int | None = None,
    secrets: Iterable[str] = (),
    outputs: Iterable[Path] = (),
    left: Mapping[str, int] | None = None,
) -> list[str]:
    """All violations, worst kinds first. `crashes`: how often the daemon ended without being asked to."""
    written = {str(path): path.read_bytes() for path in outputs if path.exists()}
    if not isinstance(store, StoreImage):
        written["the store"] = read_bytes(store)
    evidence = Evidence(
        acts=tuple(acts),
        store=read_store(store),
        history=tuple(history),
        accounts=accounts or {},
        crashes=crashes,
        daily_limit=daily_limit,
        secrets=tuple(secrets),
        outputs=written,
        left=left or {},
    )
    return [violation for rule in RULES for violation in rule(evidence)]


def applied_once(evidence: Evidence) -> Iterator[str]:
    """Nothing is applied twice, and what the board has carried out is not asked for again."""
    done: set[tuple[object, object]] = set()
    for act in evidence.of("application_made", "application_refused"):
        pair = (act.get("user"), act.get("vacancy"))
        if act.kind == "application_refused":
            if pair in done:
                yield f"applied twice: {pair[0]} asked again to apply to {pair[1]} after it was done"
        elif act.get("source") == "api":
            if pair in done:
                yield f"applied twice: {pair[0]} to {pair[1]}"
            done.add(pair)


def plans_end(evidence: Evidence) -> Iterator[str]:
    """Every plan ends confirmed, refused or ambiguous with an owner."""
    owners = {row["user_id"] for row in evidence.store.rows("users")}
    for row in evidence.store.rows("effects"):
        if row["state"] not in SETTLED:
            yield f"plan without end: effect {row['key']} is {row['state']}"
        elif row["state"] == "ambiguous" and row["owner"] not in owners:
            yield f"plan without end: effect {row['key']} is ambiguous and nobody's"


def ledger_agrees(evidence: Evidence) -> Iterator[str]:
    """Confirmed exactly when the board knows; an ambiguous one may be either."""
    person_of = {str(chat): person for chat, person in evidence.accounts.items()}
    known, by_daemon = set(), set()
    for act in evidence.of("application_made", "application_refused"):
        pair = (str(act.get("user")), str(act.get("vacancy")))
        if act.kind == "application_made":
            known.add(pair)
            by_daemon |= {pair} if act.get("source") == "api" else set()
        elif act.get("value") == KNOWN_ALREADY:
            known.add(pair)
    left = {person_of.get(str(row["user_id"])) for row in forgotten_by(evidence)}
    disguised = _disguised(evidence)
    booked: dict[tuple[str, str], str] = {}
    for row in evidence.store.rows("effects", kind=APPLICATION):
        user_id, _, vacancy = row["key"].split(":", 2)
        if user_id in person_of:
            booked[person_of[user_id], vacancy] = row["state"]
    for pair, state in booked.items():
        if state == "confirmed" and pair not in known:
            yield f"ledger: {pair} is confirmed and the board knows nothing of it"
    for pair in sorted(pair for pair in by_daemon if pair[0] in person_of.values()):
        state = disguised.get(pair[1]) if pair[0] in left else booked.get(pair)
        if state not in {"confirmed", "ambiguous"}:
            yield f"ledger: the board has {pair} and the ledger says {state}"


def _disguised(evidence: Evidence) -> dict[str, str]:
    """What was done for people who are forgotten: the state by vacancy."""
    rows = evidence.store.rows("effects", kind=APPLICATION, owner=NOBODY)
    return {row["key"].split(":", 2)[2]: row["state"] for row in rows}


def forgotten_by(evidence: Evidence) -> list[Record]:
    """People who asked to be forgotten."""
    return [row for row in evidence.store.rows("users") if row["deleted_at"] is not None]


def forgotten_are_gone(evidence: Evidence) -> Iterator[str]:
    """Of somebody forgotten nothing is left but that they were here, and nothing is said to them but one farewell."""
    for user in forgotten_by(evidence):
        who = user["user_id"]
        for table, column in PERSONAL:
            if rows := evidence.store.rows(table, **{column: who}):
                yield f"forgotten: {len(rows)} rows of {who} are left in {table}"
        tasks = {row["task"] for row in evidence.store.rows("checkpoints")}
        tasks |= {row["child"] for row in evidence.store.rows("quarantine")}
        if f"autopilot:{who}" in tasks:
            yield f"forgotten: what the hunt of {who} left"
        if any(row["payload"] != "null" for row in evidence.store.rows("queue_items", lane=who)):
            yield f"forgotten: words of {who} or to them in a queue"
        said = [act for act in evidence.of("message") if act.get("chat") == who and act.at > user["deleted_at"]]
        if len(said) > 1 + evidence.crashes:
            yield f"forgotten: {len(said)} messages to {who} afterwards"
    if any(row["payload"] != "null" for row in evidence.store.rows("effects", owner=NOBODY)):
        yield "forgotten: what was sent for somebody"


def messages_arrive(evidence: Evidence) -> Iterator[str]:
    """Every answer is sent at least once, and at most one is doubled for each crash and chat."""
    said: dict[int, int] = Counter()
    revised: dict[int, int] = Counter()
    dropped: dict[int, int] = Counter()
    for row in evidence.store.rows("queue_items", queue="outbox"):
        if row["state"] == "waiting":
            yield f"answers: message {row['key']} to {row['lane']} was never sent"
        elif row["state"] == "buried":
            yield f"answers: message {row['key']} to {row['lane']} was given up: {row['error']}"
        elif row["key"].startswith("edit:"):
            revised[row["lane"]] += 1
        elif not row["key"].startswith("press:"):
            said[row["lane"]] += 1
            dropped[row["lane"]] += _may_be_dropped(evidence, row)
    sent = Counter(act.get("chat") for act in evidence.of("message"))
    gone = Counter(act.get("chat") for act in evidence.of("deleted"))
    for chat in sorted({*said, *(chat for chat in sent if isinstance(chat, int))}):
        too_many = sent[chat] - said[chat]
        if too_many < -dropped[chat]:
            yield f"answers: {-too_many - dropped[chat]} messages to {chat} are marked sent and were not"
        # An edit whose message is not there says it anew: the first of each card, and what somebody has deleted.
        elif too_many > evidence.crashes + revised[chat] + gone[chat]:
            yield f"answers: {too_many} messages to {chat} too many over {evidence.crashes} crashes"
        repeats = _repeats(evidence, chat)
        if len(repeats) > max(too_many + dropped[chat], 0):
            beginnings = ", ".join(repr(text[:40]) for text in repeats)
            yield f"answers: {len(repeats)} messages to {chat} were put twice into the outbox: {beginnings}"


def _may_be_dropped(evidence: Evidence, row: Record) -> bool:
    """Settled without being sent: while its person kept the bot out, or in the write that forgot them."""
    if any(
        (user["user_id"], user["deleted_at"]) == (row["lane"], row["settled_at"]) for user in forgotten_by(evidence)
    ):
        return True
    doors = [act for act in evidence.of("blocked", "unblocked") if act.get("chat") == row["lane"]]
    before = [act for act in doors if act.at <= row["settled_at"]]
    return bool(before) and (before[-1].kind == "blocked" or before[-1].at == row["settled_at"])


def _repeats(evidence: Evidence, chat: int) -> list[str]:
    """Messages said twice in a row with nothing of the person in between."""
    before: tuple[object, ...] | None = None
    repeats = []
    for act in evidence.of("update", "message"):
        if act.get("chat") == chat:
            said = (act.get("text"), act.get("links"), act.get("buttons")) if act.kind == "message" else None
            if said is not None and said == before:
                repeats.append(str(act.get("text")))
            before = said
    return repeats


def lanes_keep_order(evidence: Evidence) -> Iterator[str]:
    """What was put first into a lane was settled first: updates are handled and messages sent in order.

    Of two rows with one place the first had left the lane before the second came, so neither waited for the other; and
    what was asked for first but has the later place was committed later.
    """
    lanes: dict[tuple[str, int], list[Record]] = defaultdict(list)
    for row in evidence.store.rows("queue_items"):
        if row["state"] == "finished" and not row["key"].startswith("edit:"):
            lanes[row["queue"], row["lane"]].append(row)
    for (queue, lane), rows in lanes.items():
        rows.sort(key=lambda row: (row["put_at"], row["settled_at"]))
        for first, second in pairwise(rows):
            waited = second["position"] > first["position"] or second["position"] == PUT_FINISHED
            if waited and first["put_at"] < second["put_at"] and second["settled_at"] < first["settled_at"]:
                yield f"order: {queue} {lane}: {second['key']} was settled before {first['key']}"


def updates_are_handled(evidence: Evidence) -> Iterator[str]:
    """Each update that somebody sent is one row of the inbox, and settled; presses have their answer."""
    rows = {row["key"]: row["state"] for row in evidence.store.rows("queue_items", queue="inbox")}
    for act in evidence.of("update"):
        state = rows.get(f"update:{act.get('update')}", "missing")
        if state != "finished":
            yield f"updates: update {act.get('update')} of {act.get('chat')} is {state}"
    answered = Counter(act.get("query") for act in evidence.of("press_answered", "press_answered_late"))
    for act in evidence.of("update"):
        if act.get("what") == "callback_query" and not answered[act.get("query")]:
            yield f"updates: the press in update {act.get('update')} got no answer"


def cursor_follows_inbox(evidence: Evidence) -> Iterator[str]:
    """At no time was the cursor, or what Telegram was told by it, ahead of the rows of the inbox."""
    for image in evidence.images:
        at_act = image.at_act if image is not evidence.store else len(evidence.acts)
        keys = {row["key"] for row in image.rows("queue_items", queue="inbox")}
        passed = {act.get("update") for act in evidence.acts[:at_act] if act.kind == "update_confirmed"}
        for row in image.rows("cursors"):
            if row["stream"].startswith("telegram:"):
                handed_out = (act.get("update") for act in evidence.acts[:at_act] if act.kind == "update")
                passed |= {number for number in handed_out if isinstance(number, int) and number < row["position"]}
        for number in sorted(passed, key=str):
            if f"update:{number}" not in keys:
                yield f"cursor: past update {number} at act {at_act}, which is not in the inbox"


def _falls(
    evidence: Evidence, table: str, key: Callable[[Record], object], value: Callable[[Record], int]
) -> Iterator[tuple[object, int, int]]:
    """Keys whose value is lower in a later image than in an earlier one."""
    for earlier, later in pairwise(evidence.images):
        before = {key(row): value(row) for row in earlier.rows(table)}
        for row in later.rows(table):
            was = before.get(key(row))
            if was is not None and value(row) < was:
                yield key(row), was, value(row)


def nothing_goes_back(evidence: Evidence) -> Iterator[str]:
    """Checkpoints, cursors, dialogs and hunts never go back from one image of the store to the next."""
    rules: Sequence[tuple[str, Callable[[Record], object], Callable[[Record], int]]] = (
        ("checkpoints", lambda row: row["task"], lambda row: row["version"]),
        ("cursors", lambda row: row["stream"], lambda row: row["position"]),
        ("journals", lambda row: (row["name"], row["opened_at"]), lambda row: row["version"]),
        ("hunts", lambda row: row["user_id"], lambda row: row["version"]),
        ("leases", lambda row: row["name"], lambda row: row["epoch"]),
    )
    for table, key, value in rules:
        for what, was, now in _falls(evidence, table, key, value):
            yield f"went back: {table} {what} from {was} to {now}"


def caps_hold(evidence: Evidence) -> Iterator[str]:
    """No more applications of a person within 24 hours than their limit."""
    if evidence.daily_limit is None:
        return
    made = sorted(
        (str(act.get("user")), act.at) for act in evidence.of("application_made") if act.get("source") == "api"
    )
    for user, group in groupby(made, key=lambda pair: pair[0]):
        times = [at for _, at in group]
        for first in times:
            count = sum(first <= at < first + DAY for at in times)
            if count > evidence.daily_limit:
                yield f"cap: {user} applied {count} times in a day, {evidence.daily_limit} are allowed"
                break


def epochs_hold(evidence: Evidence) -> Iterator[str]:
    """Only the current owner of a shard writes for it."""
    boots: dict[tuple[int, int], set[str]] = defaultdict(set)
    for image in evidence.images:
        leases = {row["name"]: row for row in image.rows("leases")}
        for row in image.rows("effects"):
            if row["epoch"] is None or not row["owner"]:
                continue
            shard = row["owner"] % SHARDS
            boots[shard, row["epoch"]].add(row["boot_id"])
            lease = leases.get(f"shard:{shard:03}")
            if lease is None or row["epoch"] > lease["epoch"]:
                yield f"epoch: effect {row['key']} was begun with epoch {row['epoch']}, which nobody was given"
            elif row["epoch"] == lease["epoch"] and row["boot_id"] != lease["owner"]:
                yield f"epoch: effect {row['key']} was begun by {row['boot_id']}, the shard is {lease['owner']}'s"
    for (shard, epoch), owners in boots.items():
        if len(owners) > 1:
            yield f"epoch: shard {shard} was written in epoch {epoch} by {', '.join(sorted(owners))}"
    yield from _stale_writes(evidence)


def _stale_writes(evidence: Evidence) -> Iterator[str]:
    """What was begun after an image was taken was not begun with an epoch that had ended by then."""
    for earlier, later in pairwise(evidence.images):
        leases = {row["name"]: row["epoch"] for row in earlier.rows("leases")}
        before = {(row["kind"], row["key"]): row["sending_at"] for row in earlier.rows("effects")}
        for row in later.rows("effects"):
            if row["epoch"] is None or before.get((row["kind"], row["key"])) == row["sending_at"]:
                continue
            ended = leases.get(f"shard:{row['owner'] % SHARDS:03}", 0)
            if row["epoch"] < ended:
                yield f"epoch: effect {row['key']} was begun with epoch {row['epoch']} when {ended} was the current one"


def secrets_stay_inside(evidence: Evidence) -> Iterator[str]:
    """No secret in anything that was written: logs, standard output, the store's plain text."""
    for place, content in evidence.outputs.items():
        for number, secret in enumerate(evidence.secrets):
            if secret and secret.encode() in content:
                yield f"secret: number {number} ({secret[:3]}…) is in {place}"


def nothing_is_left(evidence: Evidence) -> Iterator[str]:
    """No task, thread, descriptor or connection outlives the stop."""
    for what, count in evidence.left.items():
        if count > 0:  # fewer than before: an idle thread of somebody else's has gone home
            yield f"left over: {count} {what} after the stop"


RULES: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    applied_once,
    ledger_agrees,
    plans_end,
    updates_are_handled,
    messages_arrive,
    forgotten_are_gone,
    lanes_keep_order,
    cursor_follows_inbox,
    nothing_goes_back,
    caps_hold,
    epochs_hold,
    secrets_stay_inside,
    nothing_is_left,
)
