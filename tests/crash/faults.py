"""`python -m tests.crash.faults [MACHINE ...]`: runs the fault machines and prints their table; exit 1 on a violation.

`--controls` runs every negative control afterwards, each in a process of its own against the machines that must catch
it, within their size `faults`; one that nobody catches fails the run. `--broken CONTROL` runs the machines on that
broken build, `--only POINT` repeats one point.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import pkgutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import structlog

from tests.crash import machines
from tests.crash.broken import CONTROLS, VARIABLE, apply_broken, find_control
from tests.crash.machines.report import STOP_AT_FIRST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.crash.machines.report import Report

ORDER = (
    "kill",
    "cancel",
    "disk",
    "done_but_lost",
    "network",
    "late_commit",
    "clock",
    "database",
    "lease",
    "simulation",
)
"""Machines are run in this order; others follow by name."""
VIOLATED, CRASHED = 1, 2


def find_machines() -> list[str]:
    """Every module of `machines` that has a `run`."""
    names = [module.name for module in pkgutil.iter_modules(machines.__path__) if not module.name.startswith("_")]
    names = [name for name in names if hasattr(importlib.import_module(f"{machines.__name__}.{name}"), "run")]
    return sorted(names, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))


def run_machine(name: str, *, size: str, seed: int, only: str | None) -> Report:
    """One machine."""
    module = importlib.import_module(f"{machines.__name__}.{name}")
    report: Report = module.run(size=size, seed=seed, only=only)
    return report


def table_of(reports: Sequence[Report]) -> list[str]:
    """Lines for a terminal."""
    lines = [f"{'machine':<16}{'points':>8}{'seconds':>10}{'violations':>12}"]
    lines += [
        f"{report.machine:<16}{report.points:>8}{report.seconds:>10.1f}{len(report.violations):>12}"
        for report in reports
    ]
    return lines


def run_control(name: str, *, size: str, seed: int) -> tuple[bool, str]:
    """Whether a broken build is caught, and a line about it."""
    module = find_control(name)
    if module is None:
        return False, f"{name:<24}not written"
    began = time.monotonic()
    for machine in module.MACHINES:
        command = [sys.executable, "-m", "tests.crash.faults", machine, f"--size={size}", f"--seed={seed}"]
        environment = {**os.environ, STOP_AT_FIRST: "1"}
        ended = subprocess.run(  # noqa: S603 - this very module
            [*command, f"--broken={name}"], env=environment, check=False, capture_output=True, text=True
        )
        if ended.returncode == VIOLATED:
            found = next((line for line in ended.stdout.splitlines() if line.startswith("VIOLATION")), "")
            return True, f"{name:<24}caught by {machine} in {time.monotonic() - began:.1f} s: {found}"
        if ended.returncode:
            return False, f"{name:<24}{machine} broke down:\n{ended.stderr[-2000:]}"
    return False, f"{name:<24}NOT CAUGHT by {', '.join(module.MACHINES)} in {time.monotonic() - began:.1f} s"


def run_controls(*, size: str, seed: int) -> bool:
    """All controls; whether each was caught."""
    caught = 0
    for name in CONTROLS:
        is_caught, line = run_control(name, size=size, seed=seed)
        caught += is_caught
        print(line, flush=True)
    print(f"controls caught: {caught} of {len(CONTROLS)}")
    return caught == len(CONTROLS)


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.faults", description=__doc__)
    parser.add_argument("machines", nargs="*", help="all of them when none is named")
    parser.add_argument("--size", choices=("sample", "faults", "full"), default="faults")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=None, help="one point of one machine")
    parser.add_argument("--broken", choices=CONTROLS, default=None, help="on this broken build")
    parser.add_argument("--controls", action="store_true", help="afterwards every broken build must be caught")
    chosen = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    if chosen.broken is not None:
        os.environ[VARIABLE] = chosen.broken
        apply_broken()
    reports = []
    for name in chosen.machines or find_machines():
        report = run_machine(name, size=chosen.size, seed=chosen.seed, only=chosen.only)
        for violation in report.violations:
            print(f"VIOLATION {violation}", flush=True)
        print(f"{name}: {report.points} points, {report.seconds:.1f} s", file=sys.stderr, flush=True)
        reports.append(report)
    print("\n".join(table_of(reports)), flush=True)
    is_clean = not any(report.violations for report in reports)
    if chosen.controls:
        is_clean = run_controls(size="faults", seed=chosen.seed) and is_clean
    return 0 if is_clean else VIOLATED


def guard() -> int:
    """A machine that breaks down is not a machine that found something."""
    try:
        return main()
    except Exception:  # noqa: BLE001 - shown below; only its exit code differs
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type] # there is one
        return CRASHED


if __name__ == "__main__":
    sys.exit(guard())
