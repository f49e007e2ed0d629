"""What `make outage` judges: knocking in vain, coming back as one, not coming back."""

from __future__ import annotations

from tests.crash.outage import Order, Report

FINE = Report(
    Order(users=300),
    before=[20] * 20,
    down=[60, 4, *[0] * 13, 1, *[0] * 24],
    after=[0, 0, 2, 3, 4, 5, 8, 10, *[18] * 50],
    was_open=True,
    is_open=False,
)


def but(**changes):
    report = Report(**{name: getattr(FINE, name) for name in Report.__dataclass_fields__})
    for name, value in changes.items():
        setattr(report, name, value)
    return report


def test_board_left_alone_and_entered_gently_is_fine():
    assert FINE.faults() == []
    assert FINE.in_vain == 1
    assert FINE.first_seconds == [2, 3, 4, 5, 8]
    assert "  requests a second before             20" in FINE.table()


def test_knocking_in_vain_is_a_fault():
    assert but(down=[20] * 40).faults() == ["680 requests in vain"]


def test_coming_back_as_one_is_a_fault():
    assert but(after=[0, 90, *[18] * 50]).faults() == ["90 requests in a second after the outage, 20 before"]


def test_not_coming_back_is_a_fault():
    found = but(after=[0] * 60, is_open=True).faults()
    assert found[0].startswith("the circuit: open while the board was down True, at the end True")
    assert found[1].startswith("0 requests in the last ten seconds")


def test_circuit_that_did_not_open_and_doubled_applications_are_faults():
    assert len(but(was_open=False, duplicates=2).faults()) == 2
