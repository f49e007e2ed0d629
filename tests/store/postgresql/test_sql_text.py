"""The product's SQL and values reach PostgreSQL as they were meant."""

from __future__ import annotations

import enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.postgresql.connection import open_connection
from store.postgresql.sql_text import bind, make_translator, translate

INT8, TEXT, FLOAT8, ANY = 20, 25, 701, 0


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("SELECT 1", 0),
        ("SELECT $2, $1, $2", 2),
        ("SELECT '$1 it''s $2', $1", 1),
        ('SELECT "$1" FROM a WHERE b = $1', 1),
        ("SELECT $1 -- and $2", 1),
    ],
)
def test_placeholders_are_counted_outside_of_strings_names_and_comments(sql, count):
    assert translate(sql).count == count
    assert translate(sql).sql == sql.encode()


@pytest.mark.parametrize("sql", ["SELECT $2", "SELECT $1, $3", "SELECT $0, $1"])
def test_number_left_out_is_a_mistake(sql):
    with pytest.raises(ValueError, match="without a hole"):
        translate(sql)


def test_columns_of_text_compare_as_bytes():
    sql = "CREATE TABLE a (b TEXT PRIMARY KEY, c BIGINT DEFAULT 'TEXT', \"TEXT\" text) -- TEXT"
    assert translate(sql).sql.decode() == (
        'CREATE TABLE a (b TEXT COLLATE "C" PRIMARY KEY, c BIGINT DEFAULT \'TEXT\', "TEXT" TEXT COLLATE "C") -- TEXT'
    )
    assert translate("ALTER TABLE a ADD COLUMN b TEXT").sql == b'ALTER TABLE a ADD COLUMN b TEXT COLLATE "C"'
    assert translate("SELECT CAST($1 AS TEXT)").sql == b"SELECT CAST($1 AS TEXT)"


def test_plans_are_kept_for_rows_and_not_for_the_schema():
    for sql in (
        "SELECT 1",
        "  insert into a values (1)",
        "\n UPDATE a SET b = 1",
        "DELETE FROM a",
        "WITH a AS (SELECT 1)",
    ):
        assert translate(sql).is_prepared
    for sql in ("CREATE TABLE a (b TEXT)", "BEGIN", "LISTEN a", "DROP TABLE a"):
        assert not translate(sql).is_prepared


def test_each_value_carries_its_type():
    class Word(enum.StrEnum):
        ONE = "one"

    text = translate("SELECT $1, $2, $3, $4, $5, $6")
    assert bind(text, ("a", 7, 0.5, None, True, Word.ONE)) == (
        (TEXT, INT8, FLOAT8, ANY, INT8, TEXT),
        [b"a", b"7", b"0.5", None, b"1", b"one"],
    )


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (2**63, OverflowError),
        (-(2**63) - 1, OverflowError),
        (object(), TypeError),
        (b"bytes", TypeError),
        ("\udc80", ValueError),
    ],
    ids=["too big", "too small", "object", "bytes", "surrogate"],
)
def test_value_that_no_column_keeps_is_refused_here(value, error):
    with pytest.raises(error):
        bind(translate("SELECT $1"), (value,))


def test_text_travels_without_its_characters_0():
    assert bind(translate("SELECT $1"), ("a\0b\0",)) == ((TEXT,), [b"ab"])


def test_missing_or_superfluous_values_are_refused_here():
    for parameters in ((), (1, 2)):
        with pytest.raises(ValueError, match="parameters for 1 placeholders"):
            bind(translate("SELECT $1"), parameters)


def test_same_text_is_translated_once():
    make = make_translator()
    assert make("SELECT $1") is make("SELECT $1")


@given(value=st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.none()))
def test_numbers_are_written_so_that_they_can_be_read_back(value):
    _, (written,) = bind(translate("SELECT $1"), (value,))
    if value is None:
        assert written is None
    else:
        assert type(value)(written) == value


@pytest.mark.parametrize("value", ["", "строка 'в' кавычках\\ \n\t$1", 0, -(2**63), 2**63 - 1, 1e300, 0.1, None])
async def test_values_come_back_as_they_went(address, call, value):
    connection = await open_connection(address)
    try:
        assert await connection.fetch_all(call("SELECT $1", value)) == [(value,)]
    finally:
        connection.drop()
