"""What is said, as a value."""

import pytest

from daemon.i18n.text import Text, Verbatim


def test_texts_are_equal_by_value():
    assert Text("a.b", {"n": 1}) == Text("a.b", {"n": 1})
    assert Text("a.b") != Text("a.c")
    assert Text("a.b").values == {}


def test_texts_can_not_be_changed():
    with pytest.raises(AttributeError):
        Text("a.b").key = "x"
    with pytest.raises(AttributeError):
        Verbatim("a").text = "x"
