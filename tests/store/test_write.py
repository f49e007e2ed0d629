"""Writes add up like numbers, in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from store.errors import Conflict, LeaseLost
from store.write import NOTHING, Write, join, statement, wake

WRITES = st.lists(
    st.sampled_from([NOTHING, statement("A"), statement("B", 1), wake("x"), statement("C") + wake("y")]), max_size=6
)


def test_statement_says_what_it_expects():
    (made,) = statement("UPDATE x", 1, "a", expects=1, otherwise=LeaseLost, unless="gone").statements
    assert (made.sql, made.parameters, made.expects, made.otherwise, made.unless) == (
        "UPDATE x",
        (1, "a"),
        1,
        LeaseLost,
        "gone",
    )
    (plain,) = statement("UPDATE x").statements
    assert (plain.expects, plain.otherwise) == (None, Conflict)


def test_joined_writes_keep_their_order():
    joined = statement("A") + wake("x") + statement("B") + wake("y")
    assert [made.sql for made in joined.statements] == ["A", "B"]
    assert joined.topics == ("x", "y")


@given(WRITES)
def test_join_is_the_sum(writes):
    total = NOTHING
    for write in writes:
        total += write
    assert join(writes) == total


@given(WRITES, WRITES, WRITES)
def test_it_does_not_matter_where_the_brackets_stand(first, second, third):
    a, b, c = join(first), join(second), join(third)
    assert (a + b) + c == a + (b + c)


def test_nothing_adds_nothing():
    write = statement("A")
    assert write + NOTHING is write
    assert NOTHING + write is write


def test_only_nothing_is_false():
    assert not NOTHING
    assert not Write()
    assert wake("x")
    assert statement("A")
