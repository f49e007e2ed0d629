"""The runner's neighbours offer what it asks for."""

from __future__ import annotations

import inspect

import pytest

from daemon.lane_contract import LaneOwner, LaneQueues, LaneStore
from store.durable.ownership import Alone, Ownership
from store.durable.queues import Queues
from store.store import Store


@pytest.mark.parametrize(
    ("contract", "real"), [(LaneOwner, Ownership), (LaneOwner, Alone), (LaneQueues, Queues), (LaneStore, Store)]
)
def test_neighbour_has_every_method_with_the_same_parameters(contract, real):
    for name, wanted in inspect.getmembers(contract, inspect.isfunction):
        if name.startswith("_"):
            continue
        offered = inspect.signature(getattr(real, name)).parameters
        assert list(offered) == list(inspect.signature(wanted).parameters), name


def test_alone_everybody_is_ours():
    alone = Alone()
    assert alone.owns(7)
    assert not alone.guard(7)
    assert alone.shard_of(-1) == 255
    alone.doubt()
