"""All verbs on one page; the doors look them up here."""

from __future__ import annotations

import difflib
from types import MappingProxyType
from typing import TYPE_CHECKING

from daemon.admin.verbs.events import EVENTS
from daemon.admin.verbs.pause import PAUSE
from daemon.admin.verbs.quarantine import QUARANTINE
from daemon.admin.verbs.resume import RESUME
from daemon.admin.verbs.status import STATUS
from daemon.admin.verbs.tree import TREE
from daemon.admin.verbs.users import USERS
from daemon.admin.verbs.why import WHY
from daemon.admin.wire import AdminError

if TYPE_CHECKING:
    from daemon.admin.verb import Verb

VERBS = MappingProxyType({verb.name: verb for verb in (STATUS, TREE, USERS, WHY, PAUSE, RESUME, QUARANTINE, EVENTS)})


def find_verb(name: str) -> Verb:
    """Raises `AdminError` with the nearest name."""
    verb = VERBS.get(name)
    if verb is None:
        close = difflib.get_close_matches(name, VERBS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(VERBS)}"
        raise AdminError("unknown_verb", f"unknown verb; {hint}")
    return verb
