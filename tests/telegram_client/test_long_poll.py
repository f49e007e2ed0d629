"""Batches in order, confirmed only when asked for the next one."""

from contextlib import aclosing

import pytest

from telegram_client.errors import AnswerTooLarge, Conflict, ServerTrouble
from telegram_client.long_poll import next_offset, poll_updates, read_batch
from tests.fakes.transport import Script, failure, make_client, ok


async def take(script, count, offset=None, timeout_seconds=0):
    batches = []
    async with aclosing(poll_updates(make_client(script), offset, timeout_seconds=timeout_seconds)) as polls:
        async for batch in polls:
            batches.append(batch)
            if len(batches) == count:
                return batches
    return batches


def offsets(script):
    return [params.get("offset") for _, params in script.calls]


async def test_next_poll_confirms_the_batch_before():
    script = Script(getUpdates=[ok([{"update_id": 4}, {"update_id": 5}]), ok([{"update_id": 6}]), ok([])])
    assert [len(batch) for batch in await take(script, 3)] == [2, 1, 0]
    assert offsets(script) == [None, 6, 7]


async def test_nothing_is_asked_before_the_batch_is_taken():
    script = Script(getUpdates=ok([{"update_id": 4}]))
    await take(script, 1)
    assert offsets(script) == [None]


async def test_poll_goes_on_from_the_given_offset():
    script = Script(getUpdates=ok([]))
    await take(script, 2, offset=77)
    assert offsets(script) == [77, 77]


async def test_first_poll_does_not_wait():
    script = Script(getUpdates=ok([]))
    await take(script, 3, timeout_seconds=25)
    assert [params["timeout"] for _, params in script.calls] == [0, 25, 25]


async def test_ids_that_begin_anew_are_followed():
    script = Script(getUpdates=[ok([{"update_id": 3}]), ok([])])
    await take(script, 2, offset=900_000)
    assert offsets(script) == [900_000, 4]


async def test_error_ends_the_generator():
    with pytest.raises(Conflict):
        await take(Script(getUpdates=failure(409, "Conflict: terminated by other getUpdates request")), 1)


async def test_batch_of_giants_is_asked_for_in_smaller_ones():
    script = Script(getUpdates=[AnswerTooLarge("x"), AnswerTooLarge("x"), ok([{"update_id": 1}]), ok([])])
    await take(script, 2)
    assert [params["limit"] for _, params in script.calls] == [100, 25, 6, 100]


async def test_single_giant_is_an_error():
    with pytest.raises(AnswerTooLarge):
        await take(Script(getUpdates=AnswerTooLarge("x")), 1)


def test_updates_without_an_id_are_left_out():
    assert read_batch([{"update_id": 1}, {"update_id": "2"}, {"update_id": True}, 5, {}]) == [{"update_id": 1}]


@pytest.mark.parametrize("result", [None, {}, "x", [{}], [5], [{"update_id": None}]])
def test_answer_that_can_not_be_confirmed_is_server_trouble(result):
    with pytest.raises(ServerTrouble):
        read_batch(result)


def test_offset_follows_the_highest_id():
    assert next_offset([{"update_id": 9}, {"update_id": 3}]) == 10
