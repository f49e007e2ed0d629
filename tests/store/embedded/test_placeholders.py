"""Values reach the placeholder they were meant for, in any order."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.embedded.placeholders import make_translator, translate


def run(sql, *parameters):
    translated = translate(sql)
    with closing(sqlite3.connect(":memory:")) as connection:
        return connection.execute(translated.sql, translated.bind(parameters)).fetchone()


def test_parameters_in_order_are_passed_as_they_are():
    translated = translate("SELECT $1, $2")
    assert (translated.sql, translated.order) == ("SELECT ?, ?", None)
    parameters = ("a", "b")
    assert translated.bind(parameters) is parameters


@given(st.lists(st.integers(1, 5), min_size=1, max_size=12))
def test_any_order_binds_the_right_values(numbers):
    dense = {number: rank for rank, number in enumerate(sorted(set(numbers)), start=1)}
    sql = "SELECT " + ", ".join(f"${dense[number]}" for number in numbers)
    values = [f"value {rank}" for rank in sorted(dense.values())]
    assert run(sql, *values) == tuple(f"value {dense[number]}" for number in numbers)


def test_single_parameter_used_often_is_bound_every_time():
    assert run("SELECT $1, $1, $1", 5) == (5, 5, 5)


@pytest.mark.parametrize(
    ("sql", "row"),
    [
        ("SELECT '$1', $1", ("$1", 7)),
        ("SELECT 'it''s $2', $1", ("it's $2", 7)),
        ('SELECT $1 AS "$2"', (7,)),
        ("SELECT $1 -- and $2", (7,)),
        ("SELECT $1 -- it's\n + 1", (8,)),
    ],
)
def test_only_real_placeholders_are_touched(sql, row):
    assert run(sql, 7) == row


def test_ten_and_more_are_told_from_one():
    numbers = range(1, 13)
    assert run("SELECT " + ", ".join(f"${number}" for number in reversed(numbers)), *numbers) == tuple(range(12, 0, -1))


@pytest.mark.parametrize("sql", ["SELECT 1 FROM leases WHERE name = $1 FOR SHARE", "SELECT 1 FROM leases\n  for share"])
def test_lock_for_postgres_is_dropped(sql):
    assert "share" not in translate(sql).sql.lower()


@pytest.mark.parametrize("sql", ["SELECT $2", "SELECT $1, $3", "SELECT $0"])
def test_hole_in_the_numbers_is_a_mistake(sql):
    with pytest.raises(ValueError, match="without a hole"):
        translate(sql)


@pytest.mark.parametrize("parameters", [(), (1,), (1, 2, 3)])
def test_wrong_number_of_parameters_is_a_mistake(parameters):
    for sql in ("SELECT $1, $2", "SELECT $2, $1"):
        with pytest.raises(ValueError, match="for 2 placeholders"):
            translate(sql).bind(parameters)


def test_translator_translates_once_and_does_not_grow_for_ever():
    translator = make_translator()
    assert translator("SELECT $1") is translator("SELECT $1")
    for number in range(5000):
        translator(f"SELECT {number}")
    assert translator.cache_info().currsize <= 1024
