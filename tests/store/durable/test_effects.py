"""The ledger never leaves its graph, and the cap is kept by plans made at once."""

from __future__ import annotations

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from store.durable.effects import Cap
from store.errors import CapReached, Conflict, LeaseLost
from store.factory import open_store
from store.write import statement

KIND = "application"
GRAPH = {
    ("planned", "begin"): "sending",
    ("planned", "refuse"): "refused",
    ("sending", "confirm"): "confirmed",
    ("sending", "refuse"): "refused",
    ("sending", "doubt"): "ambiguous",
    ("ambiguous", "confirm"): "confirmed",
    ("ambiguous", "refuse"): "refused",
    ("ambiguous", "replan"): "planned",
    ("refused", "replan"): "planned",
}
MOVES = ("begin", "confirm", "refuse", "doubt", "replan")


def make_move(store, move, key="v1", *, attempt=1, now=20):
    effects = store.effects
    return {
        "begin": lambda: effects.begin(KIND, key, attempt=attempt, epoch=3, boot_id="boot-a", now=now),
        "confirm": lambda: effects.confirm(KIND, key, external_id="n1", now=now),
        "refuse": lambda: effects.refuse(KIND, key, reason="archived", now=now),
        "doubt": lambda: effects.doubt(KIND, key, reason="timeout", now=now),
        "replan": lambda: effects.replan(KIND, key, now=now),
    }[move]()


async def plan(store, key="v1", owner=7, now=10, **more):
    await store.write(store.effects.plan(KIND, key, owner, {"letter": "x"}, now=now, **more))


async def state_of(store, key="v1"):
    return (await store.effects.get(KIND, key)).state


async def test_way_of_an_effect_that_works(store):
    await plan(store)
    await store.write(make_move(store, "begin", now=20))
    await store.write(make_move(store, "confirm", now=30))
    effect = await store.effects.get(KIND, "v1")
    assert (effect.owner, effect.state, effect.attempt, effect.payload) == (7, "confirmed", 1, {"letter": "x"})
    assert (effect.epoch, effect.boot_id, effect.external_id, effect.reason) == (3, "boot-a", "n1", None)
    assert (effect.planned_at, effect.sending_at, effect.settled_at) == (10, 20, 30)


async def test_unknown_effect_is_none_and_can_not_be_moved(store):
    assert await store.effects.get(KIND, "v1") is None
    for move in MOVES:
        with pytest.raises(Conflict):
            await store.write(make_move(store, move))


async def test_known_key_is_a_conflict_with_or_without_a_cap(store):
    await plan(store)
    for cap in (None, Cap(100, 0)):
        with pytest.raises(Conflict) as caught:
            await plan(store, cap=cap)
        assert type(caught.value) is Conflict


async def test_same_key_of_another_kind_is_another_effect(store):
    await plan(store)
    await store.write(store.effects.plan("payment", "v1", 7, None, now=10))
    await store.write(make_move(store, "begin"))
    assert (await store.effects.get("payment", "v1")).state == "planned"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(MOVES), max_size=12))
def test_ledger_never_leaves_its_graph(moves):
    async def walk():
        async with open_store("sqlite://") as store:
            await plan(store)
            state, attempt = "planned", 1
            for now, move in enumerate(moves, start=20):
                expected = GRAPH.get((state, move))
                if expected is None:
                    with pytest.raises(Conflict):
                        await store.write(make_move(store, move, attempt=attempt, now=now))
                else:
                    await store.write(make_move(store, move, attempt=attempt, now=now))
                    state, attempt = expected, attempt + (move == "replan")
                effect = await store.effects.get(KIND, "v1")
                assert (effect.state, effect.attempt) == (state, attempt)
                is_settled = state in {"confirmed", "refused", "ambiguous"}
                assert (effect.settled_at is not None) == is_settled

    trio.run(walk)


async def test_begin_names_the_attempt_it_means(store):
    await plan(store)
    await store.write(make_move(store, "begin") + make_move(store, "doubt"))
    await store.write(store.effects.replan(KIND, "v1", payload={"letter": "y"}, now=50))
    with pytest.raises(Conflict):
        await store.write(make_move(store, "begin", attempt=1))
    await store.write(make_move(store, "begin", attempt=2))
    effect = await store.effects.get(KIND, "v1")
    assert (effect.payload, effect.planned_at, effect.reason) == ({"letter": "y"}, 50, None)


async def test_replan_without_a_payload_keeps_the_old_one(store):
    await plan(store)
    await store.write(make_move(store, "refuse") + make_move(store, "replan"))
    assert (await store.effects.get(KIND, "v1")).payload == {"letter": "x"}


async def test_of_two_that_begin_one_finds_out(store):
    await plan(store)
    outcomes = []

    async def begin():
        try:
            await store.write(make_move(store, "begin"))
            outcomes.append("began")
        except Conflict:
            outcomes.append("conflict")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(begin)
        nursery.start_soon(begin)
    assert sorted(outcomes) == ["began", "conflict"]


async def test_cap_is_kept_by_plans_made_at_once(store):
    planned, refused = [], []

    async def plan_one(number):
        try:
            await plan(store, f"v{number}", cap=Cap(limit=5, since=0))
            planned.append(number)
        except CapReached:
            refused.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(plan_one, number)
    assert (len(planned), len(refused)) == (5, 15)
    assert await store.effects.count(KIND, 7, 0) == 5


@pytest.mark.parametrize(
    ("moves", "is_counted"),
    [
        ([], True),
        (["begin"], True),
        (["begin", "confirm"], True),
        (["begin", "doubt"], True),
        (["refuse"], False),
        (["begin", "refuse"], False),
        (["begin", "doubt", "refuse"], False),
        (["begin", "doubt", "replan"], True),
    ],
)
async def test_only_a_refused_effect_gives_its_place_back(store, moves, is_counted):
    await plan(store)
    for move in moves:
        await store.write(make_move(store, move))
    assert await store.effects.count(KIND, 7, 0) == int(is_counted)
    if is_counted:
        with pytest.raises(CapReached):
            await plan(store, "v2", cap=Cap(1, 0))
    else:
        await plan(store, "v2", cap=Cap(1, 0))


async def test_cap_is_per_owner_and_kind_and_rolls(store):
    await plan(store, "v1", now=10)
    await plan(store, "v2", owner=8, now=10, cap=Cap(1, 0))
    await store.write(store.effects.plan("payment", "v1", 7, None, now=10, cap=Cap(1, 0)))
    with pytest.raises(CapReached):
        await plan(store, "v3", now=50, cap=Cap(1, since=10))
    await plan(store, "v3", now=50, cap=Cap(1, since=11))


async def test_oldest_tells_which_place_becomes_free_first(store):
    assert await store.effects.oldest(KIND, 7, 0) is None
    for key, now in (("v1", 10), ("v2", 20), ("v3", 30)):
        await plan(store, key, now=now)
    await store.write(make_move(store, "refuse", "v1"))
    assert await store.effects.oldest(KIND, 7, 0) == 20
    assert await store.effects.oldest(KIND, 7, 25) == 30
    assert await store.effects.count(KIND, 7, 20) == 2


async def test_replan_of_a_refused_effect_needs_a_place(store):
    await plan(store, "v1")
    await store.write(make_move(store, "refuse"))
    await plan(store, "v2", cap=Cap(1, 0))
    with pytest.raises(CapReached):
        await store.write(store.effects.replan(KIND, "v1", now=60, cap=Cap(1, 0)))
    await store.write(store.effects.replan(KIND, "v1", now=60, cap=Cap(2, 0)))
    assert await state_of(store) == "planned"


async def test_lost_fence_plans_nothing(store):
    await store.write(store.leases.take_over("shard", "boot-a", expires_at=1))
    await store.write(store.leases.take_over("shard", "boot-b", expires_at=1))
    for cap in (None, Cap(9, 0)):
        with pytest.raises(LeaseLost):
            await plan(store, fence=store.leases.fence("shard", "boot-a", 1), cap=cap)
    assert await store.effects.get(KIND, "v1") is None


async def test_open_lists_what_is_not_decided(store):
    for number, moves in enumerate([[], ["begin"], ["begin", "doubt"], ["refuse"], ["begin", "confirm"]]):
        await plan(store, f"v{number}", now=100 - number)
        for move in moves:
            await store.write(make_move(store, move, f"v{number}"))
    assert [effect.key for effect in await store.effects.open(KIND, 7)] == ["v2", "v1", "v0"]
    assert await store.effects.open(KIND, 8) == []


async def test_payloads_are_forgotten_but_keys_are_not(store):
    await plan(store)
    await store.write(store.effects.disguise(7, "v", "d1e5:"))
    assert (await store.effects.get(KIND, "d1e5:1")).payload is None


async def test_keys_of_a_forgotten_person_are_disguised_and_recognised(store):
    for key in ("7:hh:1", "7:hh:2"):
        await plan(store, key)
    await store.write(store.effects.disguise(7, "7:", "d1e5:"))
    assert await store.effects.get(KIND, "7:hh:1") is None
    disguised = await store.effects.get(KIND, "d1e5:hh:1")
    assert (disguised.owner, disguised.payload) == (0, None)
    await store.write(store.effects.recognise(8, "8:", "another:"))
    assert await store.effects.get(KIND, "d1e5:hh:1") is not None
    await store.write(store.effects.recognise(7, "7:", "d1e5:"))
    assert (await store.effects.get(KIND, "7:hh:1")).owner == 7
    with pytest.raises(Conflict):
        await plan(store, "7:hh:2")


async def test_forgotten_twice_with_the_same_key_fails_nothing(store):
    await plan(store, "7:hh:1")
    await store.write(store.effects.disguise(7, "7:", "d1e5:"))
    await plan(store, "7:hh:1")
    await store.write(store.effects.disguise(7, "7:", "d1e5:"))
    await store.write(store.effects.recognise(7, "7:", "d1e5:"))
    assert await store.effects.get(KIND, "d1e5:hh:1") is not None
    assert (await store.effects.get(KIND, "7:hh:1")).payload is None


async def test_cap_and_open_use_their_indexes(embedded_store):  # SQLite's planner: PostgreSQL decides by the rows
    store = embedded_store
    for sql in (
        "SELECT count(*) FROM effects WHERE kind = $1 AND owner = $2 AND planned_at >= $3 AND state <> 'refused'",
        "SELECT * FROM effects WHERE kind = $1 AND owner = $2 AND state IN ('planned', 'sending', 'ambiguous')",
    ):
        parameters = (KIND, 7, 0) if "$3" in sql else (KIND, 7)
        plan_rows = await store.fetch_all(f"EXPLAIN QUERY PLAN {sql}", *parameters)
        assert all("SEARCH effects USING INDEX" in row[3] for row in plan_rows), plan_rows


async def test_ledger_and_checkpoint_move_together_or_not_at_all(store):
    await plan(store)
    await store.write(make_move(store, "begin"))
    done = make_move(store, "confirm") + store.checkpoints.save("autopilot:7", "account", version=5, now=1)
    with pytest.raises(Conflict):
        await store.write(done)
    assert await state_of(store) == "sending"
    assert not (done + statement("SELECT 1")).topics


async def test_counts_by_kind_and_state(store):
    assert await store.effects.count_by_state() == {}
    for number in range(3):
        await store.write(store.effects.plan("application", f"v{number}", 1, {}, now=10))
    await store.write(store.effects.plan("payment", "p", 1, {}, now=10))
    await store.write(store.effects.refuse("application", "v0", reason="x", now=20))
    assert await store.effects.count_by_state() == {
        ("application", "planned"): 2,
        ("application", "refused"): 1,
        ("payment", "planned"): 1,
    }
