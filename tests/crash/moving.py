"""A store moved to PostgreSQL and back, killed in the middle: `python -m tests.crash.moving --users 10000`.

`aurora store copy` runs as a process, as an operator runs it, and gets SIGKILL at seeded moments. Run again until it is
through, there and back, it must have made equal checksums of every table. Exit 1 otherwise.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from store.factory import open_store
from store.ids import BoardName, ChatId, UserId, VacancyId
from store.tables.hunts import HuntRow
from store.tables.vacancies import VacancyRow
from tests.contracts.clusters import Cluster, programs_of

if TYPE_CHECKING:
    from store.store import Store
    from store.write import Write

HH = BoardName("hh")
VACANCIES = 6
LEAST_RUN_SECONDS, LONGEST_RUN_SECONDS = 0.8, 1.8
"""A kill falls this long after the start: loading takes the first half second, all of ten thousand people four more."""


@dataclass(frozen=True)
class Move:
    """One direction."""

    kills: int
    """That fell while it copied."""
    seconds: float
    """Of the run that came through."""
    tables: tuple[str, ...]
    """What it printed: a line a table with rows and checksum."""


async def fill(url: str, users: int) -> None:
    """A store of people with hunts, vacancies, effects and messages."""
    async with open_store(url) as store, trio.open_nursery() as nursery:
        for user_id in range(1, users + 1):
            nursery.start_soon(store.write, person(store, UserId(user_id)))


def person(store: Store, user_id: UserId) -> Write:
    """One of them, with a row in most tables."""
    chat_id = ChatId(user_id)
    write = (
        store.users.register(user_id, chat_id, "ru", now=user_id)
        + store.consents.answer(user_id, "terms", "1", is_given=True, now=2)
        + store.hunts.insert_new(
            HuntRow(user_id, HH, "running", "person", "", 3, "auto", f"NAME:(бухгалтер {user_id})")
        )
        + store.queues.put("outbox", f"say:{user_id}", chat_id, {"text": "Отклик отправлен «в банк»"}, now=4)
        + store.queues.put_finished("inbox", f"update:{user_id}", chat_id, now=4)
        + store.timers.set(f"timer:{user_id}", "question", chat_id, 5 + user_id, {})
    )
    for number in range(VACANCIES):
        vacancy_id = VacancyId(f"{user_id * VACANCIES + number}")
        row = VacancyRow(
            user_id, HH, vacancy_id, "applied", None, "Бухгалтер", None, "ООО Ромашка", None, "u", "…", 1, 2
        )
        key = f"{user_id}:hh:{vacancy_id}"
        write += store.vacancies.insert_new(row) + store.effects.plan(
            "application", key, user_id, {"letter": "…"}, now=6
        )
        write += store.effects.begin("application", key, attempt=1, epoch=1, boot_id="boot", now=7)
        write += store.effects.confirm("application", key, external_id=str(number), now=8)
    return write


def move(source: str, target: str, kills: int, dice: random.Random) -> Move:
    """Copies, killed so often, then to the end. Raises `SystemExit` when that fails."""
    command = [sys.executable, "-m", "daemon", "store", "copy", source, target]
    fallen = 0
    for _ in range(kills):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
            try:
                process.communicate(timeout=dice.uniform(LEAST_RUN_SECONDS, LONGEST_RUN_SECONDS))
            except subprocess.TimeoutExpired:
                process.kill()
                fallen += 1
            else:
                raise SystemExit("the copy was through before it was killed: take more users")
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the same
    if done.returncode:
        raise SystemExit(done.stderr)
    *tables, _ = done.stdout.splitlines()
    return Move(fallen, time.monotonic() - began, tuple(tables))


def run(users: int, kills: int, seed: int, version: int) -> list[str]:
    """Lines of the report. Raises `SystemExit`."""
    dice = random.Random(seed)
    cluster = Cluster(version)
    try:
        with tempfile.TemporaryDirectory(prefix="aurora-moving-") as folder, cluster.new_schema() as server:
            start, end = (f"sqlite:///{Path(folder) / name}.db" for name in ("start", "end"))
            trio.run(fill, start, users)
            there = move(start, server, kills, dice)
            back = move(server, end, kills, dice)
    finally:
        cluster.remove()
    rows = sum(int(line.split()[1]) for line in there.tables)
    if there.tables != back.tables or rows < users:
        raise SystemExit("\n".join(["checksums differ", *there.tables, "back:", *back.tables]))
    summary = (
        f"{users} people, {rows} rows: SQLite to PostgreSQL {version}, killed {there.kills} times, last run"
        f" {there.seconds:.1f} s; back, killed {back.kills} times, last run {back.seconds:.1f} s; checksums equal"
    )
    return [*there.tables, summary]


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.moving", description=__doc__)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=2, help="in each direction")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    for version in filter(programs_of, (15, 18)):
        print("\n".join(run(chosen.users, chosen.kills, chosen.seed, version)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
