"""What `pause` and `resume` share: who can be named, and that wish and audit are one write."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from daemon.admin.verbs.wishes import WishArgs, change_wish
from store.errors import StoreError
from store.ids import UserId
from store.write import statement


@pytest.mark.parametrize(("given", "kept"), [("42", "42"), (42, "42"), ("all", "all")])
def test_person_is_a_number_or_all(given, kept):
    assert WishArgs(user=given).user == kept


@pytest.mark.parametrize("given", ["", "0", "-5", "@me", "٤٢", True, None, 1.5, ["1"], "ALL"])
def test_anything_else_is_refused(given):
    with pytest.raises(ValidationError):
        WishArgs(user=given)


async def test_wish_without_audit_is_not_written(autojump_clock, daemon, caller):
    await daemon.add_person(1)
    hunt = await daemon.store.hunts.get(UserId(1))
    await daemon.store.write(statement("DROP TABLE audit"))
    with pytest.raises(StoreError):
        await change_wish(daemon.operations, caller, hunt, "paused", verb="pause", reason="")
    assert await daemon.wish_of(1) == ("running", "person")
