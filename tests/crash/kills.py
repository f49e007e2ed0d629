"""`python -m tests.crash.kills --kills 200`: random SIGKILLs over the story, several people and trials side by side.

`--postgres 15` keeps the stores on a server of the trial's own instead of in files. Ends with one JSON line and exit 1 if anything was doubled or lost. `--forgetful` runs the build without a ledger: then
the judge must find duplicates, and not finding any is the failure.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import structlog
import trio

from daemon.clock import SECOND, SystemClock
from tests.contracts.clusters import Cluster
from tests.crash.blows import IN_FLIGHT
from tests.crash.trial import FORGETFUL, Order, Result, run_trial

if TYPE_CHECKING:
    from collections.abc import Iterator

KILLS_PER_TRIAL = 20
SIDE_BY_SIDE = 2


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, default=3)
    parser.add_argument("--side-by-side", type=int, default=SIDE_BY_SIDE)
    parser.add_argument("--forgetful", action="store_true", help="the ledger switched off: duplicates must be found")
    parser.add_argument(
        "--postgres", type=int, default=None, metavar="VERSION", help="stores on a server of this version"
    )
    parser.add_argument("--keep", type=Path, default=None, help="a folder for the daemons' logs and stores")
    chosen = parser.parse_args(arguments)
    orders = make_orders(chosen.kills, chosen.seed, chosen.people, is_forgetful=chosen.forgetful)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    began_at = SystemClock().now()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="aurora-kills-"))
        if chosen.postgres is not None:
            orders = [
                replace(order, store_url=url)
                for order, url in zip(orders, open_stores(chosen.postgres, stack), strict=False)
            ]
        results = trio.run(run_all, orders, chosen.keep or Path(folder), chosen.side_by_side)
    summary = summarise(results) | {"seconds": round((SystemClock().now() - began_at) / SECOND, 1)}
    for result in results:
        for problem in result.verdict.problems:
            print(problem)
    print(orjson.dumps(summary).decode())
    if chosen.forgetful:
        return 0 if summary["duplicates"] else 1
    return 1 if summary["duplicates"] or summary["lost"] else 0


def make_orders(kills: int, seed: int, people: int, *, is_forgetful: bool) -> list[Order]:
    """Trials of at most so many kills each."""
    orders = []
    while kills > 0:
        count = min(KILLS_PER_TRIAL, kills)
        kills -= count
        forgetful = {"arguments": FORGETFUL, "phases": IN_FLIGHT} if is_forgetful else {}
        orders.append(Order(seed, count, people, applications=max(4, count), **forgetful))
        seed += 1
    return orders


def open_stores(version: int, stack: ExitStack) -> Iterator[str]:
    """One URL of an empty store after another, all on one server that ends with the stack."""
    cluster = Cluster(version)
    stack.callback(cluster.remove)
    while True:
        yield stack.enter_context(cluster.new_schema())


async def run_all(orders: list[Order], folder: Path, side_by_side: int) -> list[Result]:
    """Every trial, so many at a time."""
    limit, results = trio.CapacityLimiter(side_by_side), []

    async def run(order: Order) -> None:
        async with limit:
            home = folder / f"seed-{order.seed}"
            home.mkdir(parents=True, exist_ok=True)
            result = await run_trial(order, home, lambda line: print(line, flush=True))
            results.append(result)
            print(
                f"seed {order.seed}: {result.kills} kills, {result.hits} in their moment, {result.verdict.applied} applied",
                flush=True,
            )

    async with trio.open_nursery() as nursery:
        for order in orders:
            nursery.start_soon(run, order)
    return results


def summarise(results: list[Result]) -> dict[str, object]:
    """All trials in one line."""
    spread: Counter[str] = sum((result.spread for result in results), Counter())
    return {
        "kills": sum(result.kills for result in results),
        "in_their_moment": sum(result.hits for result in results),
        "applied": sum(result.verdict.applied for result in results),
        "duplicates": sum(result.verdict.duplicates for result in results),
        "lost": sum(result.verdict.lost for result in results),
        "doubled_messages": sum(result.verdict.doubled_messages for result in results),
        "spread": dict(spread),
    }


if __name__ == "__main__":
    sys.exit(main())
