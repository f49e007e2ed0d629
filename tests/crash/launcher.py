"""The daemon as the fault machines start it: the product's own `run`, with failpoints, a fast clock, or broken.

What is patched is the outermost edge only: SQLite's connections, the two network transports, Trio's clock. Everything
in between is the product. The environment says what is wanted; without it this is `aurora run`.
"""

from __future__ import annotations

import importlib
import os
import sys
from functools import cache, partial

import trio

import daemon.accounts.tokens
import daemon.autopilot.apply
import daemon.main
import daemon.outbox.sender
from daemon.bot.scripts.register import make_scripts
from daemon.clock import SystemClock
from daemon.config import load_settings
from daemon.dialogs import fingerprint
from daemon.i18n.translate import Texts
from daemon.rooms import Outside
from tests.crash.broken import apply_broken
from tests.crash.failpoints import KilledHttp, KilledTransport, from_environment, watch_sockets, watch_sqlite
from tests.crash.fast_clock import RATE, FastClock


def prepare() -> None:
    """What every daemon reads and works out anew, and what comes out the same each time: once, before any is forked."""
    importlib.import_module("httpcore2")
    texts = Texts.load()
    Texts.load = staticmethod(lambda: texts)  # type: ignore[method-assign, assignment] # catalogues never change
    fingerprint._shape_of = cache(fingerprint._shape_of)  # of code, which never changes either
    for script in make_scripts(None).values():  # type: ignore[arg-type] # no script is run
        fingerprint.fingerprint_of(script)


def keep_real_lengths(rate: float) -> None:
    """Deadlines for work, not for waiting: work is as slow as ever, so on a fast clock they are as much longer."""
    daemon.accounts.tokens.REFRESH_SECONDS *= rate
    daemon.accounts.tokens.LAST_SECONDS *= rate
    daemon.autopilot.apply.LAST_SECONDS *= rate
    daemon.autopilot.apply.CONFIRM_SECONDS *= rate
    daemon.outbox.sender._STOP_SECONDS *= rate
    daemon.main.STOP_SECONDS *= rate


def run() -> int:
    """The daemon, to its end; its exit code."""
    settings, warnings = load_settings(None, os.environ)
    points = from_environment()
    watch_sqlite(points)
    watch_sockets()
    clock = FastClock.inherit() if RATE in os.environ else SystemClock()
    if isinstance(clock, FastClock):
        trio.run = partial(trio.run, clock=clock.for_trio())  # the product calls it by this name
        keep_real_lengths(clock.rate)
    daemon.main.Outside = partial(  # type: ignore[misc, assignment] # the one place in which the product makes it
        Outside, clock=clock, telegram=KilledTransport(points, settings.telegram.api_url), http=KilledHttp(points)
    )
    apply_broken()
    return daemon.main.run(settings, warnings)


if __name__ == "__main__":
    sys.exit(run())
