"""Broken builds, for the negative controls: each module takes one safeguard out of the running process.

A module has `MACHINES`, the machines that must catch it, and `apply()`, which patches the process it is called in.
Nothing of this exists in the product. A machine with a process of its own for the daemon passes `CRASH_BROKEN` on and
calls `apply_broken()` in it before the daemon starts; in the machine's own process `faults.py` has done so.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

CONTROLS = (
    "no_ledger",
    "no_reconcile",
    "no_grace",
    "cursor_before_inbox",
    "swallowed_cancel",
    "unshielded_confirm",
    "no_fencing",
    "ack_before_commit",
)
VARIABLE = "CRASH_BROKEN"


def find_control(name: str) -> ModuleType | None:
    """The module of a control; None: nobody has written it yet."""
    try:
        return importlib.import_module(f"tests.crash.broken.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"tests.crash.broken.{name}":
            raise
        return None


def apply_broken() -> None:
    """Breaks this process as the environment says; nothing without it."""
    name = os.environ.get(VARIABLE, "")
    if name:
        module = find_control(name)
        if module is None:
            raise LookupError(name)
        module.apply()
