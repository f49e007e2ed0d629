"""What durable tools keep for others comes back as it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.durable.opaque import from_text, to_text

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON)
def test_json_comes_back_as_it_was(value):
    assert from_text(to_text(value)) == value


def test_text_is_kept_readable_and_short():
    assert to_text({"слово": [1, 2]}) == '{"слово":[1,2]}'


@dataclass
class Row:
    number: int


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, b"bytes", Row(1), datetime(2026, 11, 21, tzinfo=UTC), 2**64, "half a \ud83d surrogate"],
    ids=["object", "set", "bytes", "row", "time", "too big", "surrogate"],
)
def test_what_would_not_come_back_is_refused_before_it_is_written(value):
    with pytest.raises(TypeError):
        to_text({"value": value})


def test_numbers_as_keys_become_text_as_json_has_it():
    assert from_text(to_text({7: "a"})) == {"7": "a"}


def test_not_a_number_becomes_nothing():
    assert from_text(to_text([float("nan"), float("inf")])) == [None, None]
