"""A checkpoint is replaced only by whoever knows its version."""

from __future__ import annotations

import pytest

from store.durable.checkpoints import Checkpoint
from store.errors import Conflict


async def test_first_checkpoint_is_saved_over_version_0(store):
    await store.write(store.checkpoints.save("autopilot:1", {"step": "search"}, version=0, now=5))
    assert await store.checkpoints.load("autopilot:1") == Checkpoint(1, {"step": "search"}, 5)


async def test_each_save_names_the_version_it_replaces(store):
    for version in range(3):
        await store.write(store.checkpoints.save("autopilot:1", [version], version=version, now=version))
    assert await store.checkpoints.load("autopilot:1") == Checkpoint(3, [2], 2)


@pytest.mark.parametrize("version", [0, 2, 7])
async def test_other_version_is_a_conflict_and_changes_nothing(store, version):
    await store.write(store.checkpoints.save("autopilot:1", "mine", version=0, now=5))
    with pytest.raises(Conflict):
        await store.write(store.checkpoints.save("autopilot:1", "theirs", version=version, now=6))
    assert await store.checkpoints.load("autopilot:1") == Checkpoint(1, "mine", 5)


async def test_checkpoint_that_is_gone_can_not_be_replaced(store):
    with pytest.raises(Conflict, match="not at version 3"):
        await store.write(store.checkpoints.save("autopilot:1", "mine", version=3, now=5))


async def test_of_two_that_think_they_are_the_same_task_one_finds_out(store):
    await store.write(store.checkpoints.save("autopilot:1", 0, version=0, now=0))
    await store.write(store.checkpoints.save("autopilot:1", "first", version=1, now=1))
    with pytest.raises(Conflict):
        await store.write(store.checkpoints.save("autopilot:1", "second", version=1, now=1))
    assert (await store.checkpoints.load("autopilot:1")).state == "first"


async def test_deleted_task_is_new_again(store):
    await store.write(store.checkpoints.save("autopilot:1", 0, version=0, now=0))
    await store.write(store.checkpoints.delete("autopilot:1"))
    assert await store.checkpoints.load("autopilot:1") is None
    await store.write(store.checkpoints.save("autopilot:1", 0, version=0, now=0))
