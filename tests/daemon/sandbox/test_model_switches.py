"""Switches of the simulated models: what was asked for comes, in order and as often."""

from __future__ import annotations

import random

import pytest

from daemon.sandbox.model_switches import FAULTS, ModelSwitches


def test_nothing_goes_wrong_by_itself():
    switches = ModelSwitches()
    assert all(switches.draw(random.Random(1)) is None for _ in range(50))


def test_coming_faults_are_used_up_in_order():
    switches = ModelSwitches()
    switches.fail_next("empty", 2)
    switches.fail_next("busy")
    assert [switches.draw(random.Random(1)) for _ in range(4)] == ["empty", "empty", "busy", None]


def test_share_of_one_is_always():
    switches = ModelSwitches()
    switches.fail_often("cut_off", 1)
    assert {switches.draw(random.Random(i)) for i in range(20)} == {"cut_off"}


def test_coming_fault_goes_before_the_share():
    switches = ModelSwitches()
    switches.fail_often("cut_off", 1)
    switches.fail_next("hang")
    assert switches.draw(random.Random(1)) == "hang"


def test_unknown_fault_is_an_error_at_once():
    switches = ModelSwitches()
    for refuse in (lambda: switches.fail_next("boom"), lambda: switches.fail_often("boom", 1)):  # type: ignore[arg-type]  # wrong on purpose
        with pytest.raises(ValueError, match="boom"):
            refuse()
    assert len(FAULTS) == len(set(FAULTS))
