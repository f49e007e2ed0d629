"""The daemon with its effect ledger switched off, for the negative control only: a build that can't pass the judge.

At every start it forgets what was on its way: an application found in `sending` or `ambiguous` is taken for one that
was never sent. Run as `python -m tests.crash.forgetful` in place of `python -m daemon run`; no switch for this exists
in the product.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from daemon.config import load_settings
from daemon.main import run

FORGET = "UPDATE effects SET state = 'planned', sending_at = NULL WHERE state IN ('sending', 'ambiguous')"


def forget(database: Path) -> int:
    """How many effects were forgotten."""
    if not database.exists():
        return 0
    with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'effects'").fetchone()
        return connection.execute(FORGET).rowcount if known else 0


def main() -> int:
    """The daemon's `run`, after forgetting."""
    forget(Path(os.environ["STATE_DIRECTORY"]) / "aurora.db")
    settings, warnings = load_settings(None, os.environ)
    return run(settings, warnings)


if __name__ == "__main__":
    sys.exit(main())
