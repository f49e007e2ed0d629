"""The daemon with short waits: `python -m tests.crash.hasty_daemon` in place of `python -m daemon run`.

Where a server never answers the daemon waits half a minute. That it ends is what the network machine looks at; how long
it waits is not, and hundreds of cells would wait for it. Nothing but the lengths of waits differs, and there are no
settings for them in the product because nobody should have to choose.
"""

from __future__ import annotations

import os
import sys

import telegram_client.client
import telegram_client.methods
from daemon import http_client
from daemon.config import load_settings
from daemon.main import run
from telegram_client.transport import Deadlines
from tests.crash.broken import apply_broken

WAIT_SECONDS = 2.0
TOTAL_SECONDS = 3.0
"""No request is on its way for longer, so a grace of more than this is right."""


def hasten() -> None:
    """Shortens every wait for the network."""
    telegram_client.client._DEADLINES = Deadlines(WAIT_SECONDS, WAIT_SECONDS, WAIT_SECONDS, TOTAL_SECONDS)
    telegram_client.methods._POLL_SLACK_SECONDS = 1.0
    http_client.send.__kwdefaults__["total_seconds"] = TOTAL_SECONDS
    http_client.make_http_client.__kwdefaults__.update(connect_seconds=WAIT_SECONDS, read_seconds=WAIT_SECONDS)


if __name__ == "__main__":
    hasten()
    apply_broken()
    sys.exit(run(*load_settings(None, os.environ)))
