"""No ledger: a new life takes what it finds on its way for never sent, and sends it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import daemon.autopilot.autopilot
from daemon.autopilot.facts import KIND
from daemon.autopilot.hunt import open_hunt
from daemon.autopilot.reconcile import find_vacancy
from store.write import join

if TYPE_CHECKING:
    from daemon.autopilot.tools import HuntTools
    from store.ids import UserId

MACHINES = ("kill",)


async def send_again(tools: HuntTools, user_id: UserId) -> None:
    """In place of `inherit`."""
    hunt = await open_hunt(tools, user_id)
    if hunt is None:
        return
    effects, now = tools.store.effects, hunt.now()
    writes = []
    for effect in hunt.facts.open_effects:
        if effect.state != "planned":
            if effect.state == "sending":
                writes.append(effects.doubt(KIND, effect.key, reason="forgotten", now=now))
            writes.append(effects.replan(KIND, effect.key, now=now))
            vacancy = await find_vacancy(hunt, effect)
            if vacancy is not None:
                writes.append(hunt.move(vacancy, "applying"))
    if writes:
        await hunt.commit(join(writes), hunt.progress.to("inheriting"))


def apply() -> None:
    """In this process, for good."""
    daemon.autopilot.autopilot.inherit = send_again
