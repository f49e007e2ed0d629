"""The catalogue: the verbs that operators rely on."""

from __future__ import annotations

import pytest

from daemon.admin.verbs.catalogue import VERBS, find_verb
from daemon.admin.wire import AdminError


def test_promised_verbs_are_there():
    assert {"status", "tree", "users", "why", "pause", "resume", "events"} <= set(VERBS)


def test_verb_is_found():
    assert find_verb("why").name == "why"


@pytest.mark.parametrize(("name", "hint"), [("staus", "did you mean status?"), ("xyzzy", "there are: status")])
def test_unknown_verb_is_answered_with_help(name, hint):
    with pytest.raises(AdminError) as caught:
        find_verb(name)
    assert caught.value.kind == "unknown_verb"
    assert hint in str(caught.value)
