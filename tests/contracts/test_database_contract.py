"""What every `Database` must do; see `backends.py` for those there are."""

from __future__ import annotations

import pytest
import trio

from store.errors import CapReached, Conflict, LeaseLost, StoreError
from store.write import NOTHING, statement, wake
from tests.contracts.backends import BACKENDS


@pytest.fixture(params=BACKENDS)
async def database(request, tmp_path):
    async with BACKENDS[request.param](tmp_path) as database:
        await database.write(statement("CREATE TABLE words (word TEXT PRIMARY KEY, length BIGINT NOT NULL)"))
        yield database


def put(word, **expectation):
    return statement("INSERT INTO words (word, length) VALUES ($1, $2)", word, len(word), **expectation)


async def words(database):
    return [row[0] for row in await database.fetch_all("SELECT word FROM words ORDER BY word")]


async def test_write_can_be_read_once_it_returns(database):
    await database.write(put("one"))
    assert await database.fetch_one("SELECT word, length FROM words WHERE word = $1", "one") == ("one", 3)


async def test_statements_of_a_write_happen_in_order(database):
    await database.write(
        put("one")
        + statement("UPDATE words SET length = length + 1")
        + statement("UPDATE words SET length = length * 2")
    )
    assert await database.fetch_all("SELECT length FROM words") == [(8,)]


async def test_fetch_one_gives_none_where_nothing_is(database):
    assert await database.fetch_one("SELECT word FROM words") is None


async def test_parameters_may_stand_in_any_order_and_repeat(database):
    row = await database.fetch_one("SELECT $2 || $1 || $2, $3", "a", "b", 7)
    assert row == ("bab", 7)


async def test_dollar_signs_in_strings_are_no_placeholders(database):
    assert await database.fetch_one("SELECT '$1 it''s $2', $1", "x") == ("$1 it's $2", "x")


@pytest.mark.parametrize("otherwise", [Conflict, LeaseLost, CapReached])
async def test_missed_expectation_raises_what_the_statement_says(database, otherwise):
    with pytest.raises(otherwise, match="nobody there"):
        await database.write(
            put("one")
            + statement("DELETE FROM words WHERE word = 'two'", expects=1, otherwise=otherwise, unless="nobody there")
        )
    assert await words(database) == []


async def test_expectation_of_a_select_counts_its_rows(database):
    await database.write(put("one"))
    guard = statement("SELECT 1 FROM words WHERE word = $1 FOR SHARE", "one", expects=1, otherwise=LeaseLost)
    await database.write(guard + put("two"))
    await database.write(statement("DELETE FROM words WHERE word = 'one'"))
    with pytest.raises(LeaseLost):
        await database.write(guard + put("three"))
    assert await words(database) == ["two"]


async def test_key_that_is_taken_is_a_conflict_whatever_the_statement_expects(database):
    await database.write(put("one"))
    with pytest.raises(Conflict) as caught:
        await database.write(put("two") + put("one", expects=1, otherwise=CapReached))
    assert type(caught.value) is Conflict
    assert await words(database) == ["one"]


@pytest.mark.parametrize(
    "wrong",
    [
        statement("INSERT INTO nowhere VALUES (1)"),
        statement("INSERT INTO words (word, length) VALUES ($1, $2)", "two"),
        statement("INSERT INTO words (word, length) VALUES ($1, $3)", "two", 3),
        statement("INSERT INTO words (word, length) VALUES ($1, $2)", "two", object()),
        statement("INSERT INTO words (word, length) VALUES ($1, $2)", "two", 2**70),
        statement("INSERT INTO words (word, length) VALUES ($1, $2)", "two", None),
        statement("INSERT INTO words (word, length) VALUES ($1, $2)", "two\udc80", 3),
    ],
    ids=["no table", "too few", "hole", "object", "too big", "null", "surrogate"],
)
async def test_wrong_statement_fails_its_own_caller_only(database, wrong):
    async def write_wrong():
        with pytest.raises(StoreError):
            await database.write(put("half") + wrong)

    async with trio.open_nursery() as nursery:
        for word in ("a", "b", "c"):
            nursery.start_soon(database.write, put(word))
            nursery.start_soon(write_wrong)
    assert await words(database) == ["a", "b", "c"]


async def test_text_with_a_character_0_is_kept_at_least_without_it(database):
    await database.write(put("a\0b"))
    ((word, length),) = await database.fetch_all("SELECT word, length FROM words WHERE word = $1", "a\0b")
    assert (word.replace("\0", ""), length) == ("ab", 3)


async def test_many_tasks_write_side_by_side_and_bad_ones_fail_alone(database):
    conflicts = []

    async def write(number):
        try:
            await database.write(put(f"{number % 70:03}"))
        except Conflict:
            conflicts.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(100):
            nursery.start_soon(write, number)
    assert len(conflicts) == 30
    assert await words(database) == [f"{number:03}" for number in range(70)]


async def test_cancelled_caller_does_not_undo_its_write(database):
    with trio.CancelScope() as scope:
        scope.cancel()
        await database.write(put("one"))
    assert scope.cancelled_caught
    await database.write(NOTHING)
    assert await words(database) == ["one"]


async def test_writes_of_one_task_keep_their_order_over_a_cancel(database):
    for round_ in range(20):
        with trio.CancelScope() as scope:
            scope.cancel()
            await database.write(statement("INSERT INTO words VALUES ($1, 0)", f"{round_:03}"))
        await database.write(statement("UPDATE words SET length = 1 WHERE word = $1", f"{round_:03}", expects=1))


async def test_empty_write_returns(database):
    await database.write(NOTHING)


async def test_listener_is_woken_by_writes_with_its_topic(database):
    async with database.listen("words") as wakeups:
        assert not await wakeups.wait(0)
        await database.write(put("one") + wake("words"))
        assert await wakeups.wait(0)
        assert not await wakeups.wait(0)


async def test_several_announcements_may_be_one_wakeup_and_other_topics_are_none(database):
    async with database.listen("words") as wakeups:
        await database.write(put("one") + wake("words"))
        await database.write(put("two") + wake("words") + wake("others"))
        assert await wakeups.wait(0)
        assert not await wakeups.wait(0)
        await database.write(put("three") + wake("others"))
        assert not await wakeups.wait(0)


async def test_failed_write_wakes_nobody(database):
    await database.write(put("one"))
    async with database.listen("words") as wakeups:
        with pytest.raises(Conflict):
            await database.write(put("one") + wake("words"))
        assert not await wakeups.wait(0)


async def test_waiting_listener_wakes_up_to_what_is_on_disk(database):
    seen = []

    async def listen(task_status):
        async with database.listen("words") as wakeups:
            task_status.started()
            await wakeups.wait()
            seen.extend(await words(database))

    async with trio.open_nursery() as nursery:
        await nursery.start(listen)
        await database.write(put("one") + wake("words"))
    assert seen == ["one"]


async def test_transaction_commits_at_the_end_of_its_block(database):
    async with database.transaction() as transaction:
        assert await transaction.execute("INSERT INTO words VALUES ('one', 3), ('two', 3)") == 2
        assert await transaction.fetch_one("SELECT count(*) FROM words") == (2,)
        assert await transaction.fetch_all("SELECT word FROM words WHERE word = $1", "two") == [("two",)]
    assert await words(database) == ["one", "two"]


async def test_transaction_that_raises_is_rolled_back(database):
    async def fail():
        async with database.transaction() as transaction:
            await transaction.execute("INSERT INTO words VALUES ('one', 3)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await database.write(put("two"))
    assert await words(database) == ["two"]


async def test_transaction_that_is_cancelled_is_rolled_back(database):
    with trio.CancelScope() as scope:
        async with database.transaction() as transaction:
            await transaction.execute("INSERT INTO words VALUES ('one', 3)")
            scope.cancel()
            await trio.sleep_forever()
    await database.write(put("two"))
    assert await words(database) == ["two"]


async def test_transaction_cancelled_within_a_statement_is_rolled_back(database):
    with trio.CancelScope() as scope:
        async with database.transaction() as transaction:
            scope.cancel()
            await transaction.execute("INSERT INTO words VALUES ('one', 3)")
    assert await words(database) == []


async def test_wrong_statement_of_a_transaction_raises_and_rolls_back(database):
    async def fail():
        async with database.transaction() as transaction:
            await transaction.execute("INSERT INTO words VALUES ('one', 3)")
            await transaction.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(StoreError):
        await fail()
    assert await words(database) == []


async def test_conflict_within_a_transaction_can_be_told(database):
    await database.write(put("one"))
    with pytest.raises(Conflict):
        async with database.transaction() as transaction:
            await transaction.execute("INSERT INTO words VALUES ('one', 3)")


async def test_writes_wait_while_a_transaction_is_open(database):
    order = []

    async def write():
        await database.write(put("two"))
        order.append("write")

    async with trio.open_nursery() as nursery, database.transaction() as transaction:
        nursery.start_soon(write)
        for _ in range(5):
            await transaction.execute("UPDATE words SET length = 0")
        order.append("transaction")
    assert order == ["transaction", "write"]


async def test_transactions_take_turns(database):
    async def count_up():
        async with database.transaction() as transaction:
            (count,) = await transaction.fetch_one("SELECT count(*) FROM words")
            await transaction.execute("INSERT INTO words VALUES ($1, $2)", str(count), count)

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(count_up)
    assert len(await words(database)) == 10


async def test_wrong_read_says_so(database):
    with pytest.raises(StoreError):
        await database.fetch_all("SELECT * FROM nowhere")
    with pytest.raises(StoreError):
        await database.fetch_one("SELECT $1, $2", 1)
