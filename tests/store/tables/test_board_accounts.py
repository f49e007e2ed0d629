"""A refresh token is used once, and no token pair is lost to another."""

from __future__ import annotations

import pytest

from store.errors import Conflict
from store.tables.board_accounts import BoardAccountRow


async def connect(store, user_id=7, board="hh", now=10):
    await store.write(
        store.board_accounts.connect(
            user_id,
            board,
            state="connected",
            mode="auto",
            sealed_tokens="tokens",
            expires_at=100,
            external_id="e1",
            now=now,
        )
    )


async def test_login_comes_back(store):
    await connect(store)
    assert await store.board_accounts.get(7, "hh") == BoardAccountRow(
        7, "hh", "connected", "auto", "tokens", 100, None, "e1", 1, 10
    )
    assert await store.board_accounts.get(7, "other") is None


async def test_refresh_is_noted_first_and_its_pair_stored_under_the_version(store):
    await connect(store)
    await store.write(store.board_accounts.begin_refresh(7, "hh", version=1, now=50))
    assert (await store.board_accounts.get(7, "hh")).refresh_began_at == 50
    await store.write(store.board_accounts.store_tokens(7, "hh", version=2, sealed_tokens="new", expires_at=200))
    row = await store.board_accounts.get(7, "hh")
    assert (row.sealed_tokens, row.expires_at, row.refresh_began_at, row.version) == ("new", 200, None, 3)


async def test_of_two_that_refresh_one_finds_out_before_it_sends_anything(store):
    await connect(store)
    await store.write(store.board_accounts.begin_refresh(7, "hh", version=1, now=50))
    with pytest.raises(Conflict, match="has changed"):
        await store.write(store.board_accounts.begin_refresh(7, "hh", version=1, now=50))


async def test_tokens_of_a_refresh_do_not_overwrite_a_login_made_meanwhile(store):
    await connect(store)
    await store.write(store.board_accounts.begin_refresh(7, "hh", version=1, now=50))
    await connect(store, now=60)
    with pytest.raises(Conflict):
        await store.write(store.board_accounts.store_tokens(7, "hh", version=2, sealed_tokens="late", expires_at=200))
    row = await store.board_accounts.get(7, "hh")
    assert (row.sealed_tokens, row.refresh_began_at, row.connected_at) == ("tokens", None, 60)


async def test_lost_login_ends_a_refresh(store):
    await connect(store)
    await store.write(store.board_accounts.begin_refresh(7, "hh", version=1, now=50))
    await store.write(store.board_accounts.set_state(7, "hh", "lost"))
    row = await store.board_accounts.get(7, "hh")
    assert (row.state, row.refresh_began_at, row.version) == ("lost", None, 3)


async def test_mode_and_name_at_the_board_are_kept_without_a_new_version(store):
    await connect(store)
    await store.write(store.board_accounts.set_mode(7, "hh", "assisted"))
    await store.write(store.board_accounts.set_external_id(7, "hh", "e2"))
    row = await store.board_accounts.get(7, "hh")
    assert (row.mode, row.external_id, row.version) == ("assisted", "e2", 1)


@pytest.mark.parametrize("change", ["set_state", "set_mode", "set_external_id"])
async def test_change_of_no_login_is_a_conflict(store, change):
    with pytest.raises(Conflict):
        await store.write(getattr(store.board_accounts, change)(7, "hh", "x"))


async def test_logins_are_listed_and_forgotten_one_by_one_or_all(store):
    for board in ("b", "a", "c"):
        await connect(store, board=board)
    await connect(store, user_id=8)
    assert [row.board for row in await store.board_accounts.of_user(7)] == ["a", "b", "c"]
    await store.write(store.board_accounts.delete(7, "b"))
    assert [row.board for row in await store.board_accounts.of_user(7)] == ["a", "c"]
    await store.write(store.board_accounts.delete_all(7))
    assert await store.board_accounts.of_user(7) == []
    assert len(await store.board_accounts.of_user(8)) == 1
