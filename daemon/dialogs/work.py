"""A dialog's outside work: done once, its outcome turned into a journal entry, failures included.

A failure is journaled like a result, so that a replay takes the same turn; the script sees `WorkFailed` either way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import structlog
import trio

from daemon.dialogs.running import Entry
from daemon.errors import DaemonError, Temporary
from store.errors import LeaseLost, StoreUnavailable

if TYPE_CHECKING:
    from daemon.dialogs.steps import Do
    from store.store import Store
    from store.write import Write

log = structlog.get_logger(__name__)

_PAUSE_SECONDS = 1.0


async def attempt_work(step: Do, seconds: float) -> Entry:
    """Does it, within `seconds`."""
    try:
        with trio.fail_after(seconds):
            result = await step.work()
        return Entry("did", step.name, orjson.loads(orjson.dumps(result)))
    except Exception as error:
        is_expected = isinstance(error, DaemonError | trio.TooSlowError | LeaseLost)
        if is_expected:
            log.info("dialog_work_failed", work=step.name, error=type(error).__name__)
        else:
            log.exception("dialog_work_broken", work=step.name, error=type(error).__name__, exc_info=error)
        is_temporary = isinstance(error, Temporary | trio.TooSlowError | StoreUnavailable)
        return Entry("failed", step.name, {"error": type(error).__name__, "temporary": is_temporary})


async def write_patiently(store: Store, write: Write) -> None:
    """Writes; a store that takes no writes is waited for as long as it takes. Raises `StoreError` of other kinds.

    What was done outside is known only here until then. It was once given up after ten seconds: the disk had room
    again in the eleventh, and the person waited for an answer until they said something.
    """
    while True:
        try:
            await store.write(write)
        except StoreUnavailable:
            await trio.sleep(_PAUSE_SECONDS)
        else:
            return
