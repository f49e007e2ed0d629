"""Verdicts: which errors count as equal, and that no text of an error gets into them."""

from __future__ import annotations

import json

from daemon.errors import DaemonError, Permanent, Temporary
from daemon.supervisor.verdict import StartTimeout, judge
from store.errors import StoreCorrupt, StoreUnavailable


def caught(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:  # noqa: BLE001 - the test looks at whatever it is
        return judge(error)
    raise AssertionError("nothing was raised")


def fail_here(error):
    raise error


def fail_elsewhere(error):
    raise error


def parse(text):
    return json.loads(text)


def test_fingerprint_is_type_and_own_innermost_function():
    assert caught(parse, "{").fingerprint == "JSONDecodeError@daemon/supervisor/test_verdict.py:parse"


def test_same_place_same_fingerprint_whatever_the_text():
    assert caught(fail_here, ValueError("a")).fingerprint == caught(fail_here, ValueError("b")).fingerprint


def test_other_place_or_type_is_another_fingerprint():
    here = caught(fail_here, ValueError())
    assert here.fingerprint != caught(fail_elsewhere, ValueError()).fingerprint
    assert here.fingerprint != caught(fail_here, KeyError()).fingerprint


def test_no_text_of_the_error_survives():
    assert "private" not in repr(caught(fail_here, ValueError("private words")))


def test_error_that_was_never_raised_has_its_type():
    verdict = judge(StartTimeout())
    assert (verdict.fingerprint, verdict.frames) == ("StartTimeout", ())


def test_group_is_temporary_only_if_all_are():
    both = ExceptionGroup("x", [Temporary(retry_after_seconds=3), Temporary(retry_after_seconds=9)])
    assert (judge(both).is_temporary, judge(both).retry_after_seconds) == (True, 9)
    assert not judge(ExceptionGroup("x", [Temporary(), ValueError()])).is_temporary


def test_group_is_permanent_if_any_is():
    verdict = judge(ExceptionGroup("x", [Temporary(), ExceptionGroup("y", [Permanent()])]))
    assert (verdict.is_permanent, verdict.is_temporary) == (True, False)


def test_large_group_is_named_by_a_few_types():
    many = [type(f"Error{number}", (Exception,), {})() for number in range(50)]
    assert judge(ExceptionGroup("x", many)).error.count("+") == 2


def test_other_daemon_errors_are_neither():
    verdict = judge(DaemonError())
    assert (verdict.is_permanent, verdict.is_temporary) == (False, False)


def test_error_of_a_lower_room_may_say_that_it_passes():
    verdict = judge(StoreUnavailable("the disk is full"))
    assert (verdict.is_temporary, verdict.retry_after_seconds) == (True, 2)
    assert verdict.fingerprint == "StoreUnavailable@store"
    assert not judge(StoreCorrupt()).is_temporary
