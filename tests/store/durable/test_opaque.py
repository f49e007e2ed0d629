"""What durable tools keep for others comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.durable.opaque import from_text, to_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON)
def test_json_comes_back_as_it_was(value):
    assert from_text(to_text(value)) == value


def test_text_is_kept_readable_and_short():
    assert to_text({"слово": [1, 2]}) == '{"слово":[1,2]}'


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes"])
def test_what_json_does_not_know_is_refused_before_it_is_written(value):
    with pytest.raises(TypeError):
        to_text(value)


def test_not_a_number_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        to_text(float("nan"))
