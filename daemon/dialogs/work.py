"""A dialog's outside work: done once, its outcome turned into a journal entry, failures included.

A failure is journaled like a result, so that a replay takes the same turn; the script sees `WorkFailed` either way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson
import structlog
import trio

from daemon.dialogs.running import Entry
from daemon.errors import DaemonError, Temporary
from store.errors import LeaseLost, StoreUnavailable

if TYPE_CHECKING:
    from daemon.dialogs.steps import Do

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Work:
    """Outside work under way."""

    scope: trio.CancelScope = field(default_factory=trio.CancelScope)
    done: trio.Event = field(default_factory=trio.Event)


async def attempt_work(step: Do, seconds: float) -> Entry:
    """Done within `seconds`. A store that is away is no outcome: it is done again, as after a death in the middle."""
    while True:
        try:
            return await _attempt(step, seconds)
        except StoreUnavailable as error:
            log.warning("dialog_work_waits_for_store", work=step.name)
            await trio.sleep(error.retry_after_seconds)


async def _attempt(step: Do, seconds: float) -> Entry:
    try:
        with trio.fail_after(seconds):
            result = await step.work()
        return Entry("did", step.name, orjson.loads(orjson.dumps(result)))
    except StoreUnavailable:
        raise
    except Exception as error:
        is_expected = isinstance(error, DaemonError | trio.TooSlowError | LeaseLost)
        if is_expected:
            log.info("dialog_work_failed", work=step.name, error=type(error).__name__)
        else:
            log.exception("dialog_work_broken", work=step.name, error=type(error).__name__, exc_info=error)
        is_temporary = isinstance(error, Temporary | trio.TooSlowError)
        return Entry("failed", step.name, {"error": type(error).__name__, "temporary": is_temporary})
