"""A login returns once, in time, to the person who began it."""

from __future__ import annotations

import pytest

from store.errors import Conflict
from store.tables.oauth_states import OauthStateRow


async def begin(store, state="s1", user_id=7, expires_at=100):
    await store.write(store.oauth_states.insert(OauthStateRow(state, user_id, "hh", expires_at)))


async def test_state_is_used_once(store):
    await begin(store)
    await store.write(store.oauth_states.use("s1", now=50))
    assert await store.oauth_states.get("s1") == OauthStateRow("s1", 7, "hh", 100, 50)
    with pytest.raises(Conflict, match="unknown, used or too late"):
        await store.write(store.oauth_states.use("s1", now=51))


@pytest.mark.parametrize(("now", "works"), [(99, True), (100, False), (5000, False)])
async def test_state_has_its_time(store, now, works):
    await begin(store)
    if works:
        await store.write(store.oauth_states.use("s1", now=now))
    else:
        with pytest.raises(Conflict):
            await store.write(store.oauth_states.use("s1", now=now))


async def test_unknown_state_can_not_be_used_and_a_known_one_not_made_again(store):
    with pytest.raises(Conflict):
        await store.write(store.oauth_states.use("guess", now=1))
    await begin(store)
    with pytest.raises(Conflict):
        await begin(store, user_id=8)


async def test_what_comes_with_a_return_is_not_kept_when_the_state_is_used(store):
    await begin(store)
    arrive = store.oauth_states.use("s1", now=50) + store.queues.put("inbox", "oauth:s1", 7, {}, now=50)
    await store.write(arrive)
    with pytest.raises(Conflict):
        await store.write(store.oauth_states.use("s1", now=51) + store.queues.put("inbox", "other", 7, {}, now=51))
    assert await store.queues.count("inbox", "waiting") == 1


async def test_old_states_and_those_of_a_person_are_forgotten(store):
    await begin(store, "old", expires_at=10)
    await begin(store, "new", expires_at=100)
    await begin(store, "theirs", user_id=8)
    await store.write(store.oauth_states.trim(50))
    assert await store.oauth_states.get("old") is None
    await store.write(store.oauth_states.delete(7))
    assert await store.oauth_states.get("new") is None
    assert await store.oauth_states.get("theirs") is not None
