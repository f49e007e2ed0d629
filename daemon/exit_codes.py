"""Exit codes, and which error ends the process with which.

78 (EX_CONFIG) tells systemd not to restart: starting again would fail the same way until somebody mends something. All
that may pass by itself, a store held by the daemon that is just ending or a port not yet free, is a 1.
"""

from __future__ import annotations

from daemon.config import SettingsError
from daemon.errors import Permanent
from store.errors import SchemaTooNew, StoreCorrupt

FINE = 0
FAILED = 1
WRONG_SETTINGS = 78


def exit_code_of(error: BaseException) -> int:
    """Of an error that ended a command. A group is wrong settings if any of its errors is."""
    if isinstance(error, BaseExceptionGroup):
        return max(exit_code_of(member) for member in error.exceptions)
    if isinstance(error, SettingsError | SchemaTooNew | StoreCorrupt | Permanent):
        return WRONG_SETTINGS
    return FAILED
