"""The collector looks at less, and still finds garbage."""

import gc
import weakref

import pytest

from daemon.collector import YOUNG_VALUES, calm_collector


@pytest.fixture
def restored():
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


def test_what_is_there_already_is_left_alone(restored):
    calm_collector()
    assert gc.get_freeze_count() > 1_000
    assert gc.get_threshold()[0] == YOUNG_VALUES


def test_new_cycles_are_still_found(restored):
    class Knot:
        pass

    calm_collector()
    knot = Knot()
    knot.itself = knot
    gone = weakref.ref(knot)
    del knot
    gc.collect()
    assert gone() is None
