"""When the next message may go."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telegram_client.rate_limit import _FORGET_ABOVE_CHATS, Rate, RateLimiter

CHAT, GROUP = 42, -100


def send_times(limiter, chat_id, count, start=0.0):
    """When each of `count` messages goes, asked for one after the other as the sender does."""
    now, times = start, []
    for _ in range(count):
        now += limiter.reserve(chat_id, now)
        times.append(now)
    return times


def most_in_any(times, seconds):
    return max(sum(start <= time < start + seconds for time in times) for start in times)


def test_first_message_goes_at_once():
    assert RateLimiter().reserve(CHAT, 1_000.0) == 0.0


def test_chat_has_a_burst_and_then_one_a_second():
    times = send_times(RateLimiter(), CHAT, 25)
    assert times[:20] == [0.0] * 20
    assert times[20:] == pytest.approx([1, 2, 3, 4, 5])


def test_burst_comes_back_with_time():
    limiter = RateLimiter()
    send_times(limiter, CHAT, 25)
    assert send_times(limiter, CHAT, 20, start=100.0) == [100.0] * 20


def test_group_has_at_most_twenty_a_minute():
    assert most_in_any(send_times(RateLimiter(), GROUP, 80), 60) <= 20


def test_bot_has_its_burst_and_then_its_pace():
    limiter = RateLimiter(10)
    waits = [limiter.reserve(chat, 0.0) for chat in range(1, 31)]
    assert waits[:10] == [0.0] * 10
    assert waits[10:13] == pytest.approx([0.1, 0.2, 0.3])


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(1, 200))
def test_bot_never_sends_more_than_twice_its_rate_in_a_second(per_second, count):
    limiter = RateLimiter(per_second)
    times = [limiter.reserve(chat, 0.0) for chat in range(1, count + 1)]
    assert most_in_any(times, 1.0) <= 2 * per_second


def test_chats_do_not_slow_each_other_down():
    limiter = RateLimiter()
    send_times(limiter, CHAT, 25)
    assert limiter.reserve(43, 10.0) == 0.0


def test_refused_chat_waits_and_others_do_not():
    limiter = RateLimiter()
    assert limiter.note_retry_after(CHAT, 7.0, 100.0) == 7.0
    assert limiter.reserve(CHAT, 101.0) == pytest.approx(6.0)
    assert limiter.reserve(43, 101.0) == 0.0
    assert limiter.reserve(CHAT, 108.0) == 0.0


def test_second_refused_chat_means_the_whole_bot():
    limiter = RateLimiter()
    limiter.note_retry_after(CHAT, 7.0, 100.0)
    limiter.note_retry_after(43, 5.0, 101.0)
    assert limiter.reserve(44, 102.0) == pytest.approx(4.0)
    assert limiter.reserve_bot(102.0) == pytest.approx(4.0)
    assert limiter.reserve(44, 107.0) == 0.0


def test_chat_refused_twice_is_not_the_whole_bot():
    limiter = RateLimiter()
    limiter.note_retry_after(CHAT, 7.0, 100.0)
    limiter.note_retry_after(CHAT, 7.0, 101.0)
    assert limiter.reserve(44, 102.0) == 0.0


def test_answers_to_presses_are_charged_to_the_bot_only():
    limiter = RateLimiter(10)
    assert [limiter.reserve_bot(0.0) for _ in range(10)] == [0.0] * 10
    assert limiter.reserve_bot(0.0) == pytest.approx(0.1)


def test_idle_chats_are_forgotten():
    limiter = RateLimiter(1_000_000)
    for chat in range(1, _FORGET_ABOVE_CHATS + 2):
        limiter.reserve(chat, 0.0)
    limiter.reserve(1, 100.0)
    limiter.reserve(2, 100.0)
    assert len(limiter._full_at) <= 2


def test_rates_can_be_chosen():
    limiter = RateLimiter(chat_rate=Rate(10.0, 1), group_rate=Rate(20.0, 1))
    assert send_times(limiter, CHAT, 2) == [0.0, 10.0]
    assert send_times(limiter, GROUP, 2) == [0.0, 20.0]


def paces(limiter, count, start=0.0):
    """How far apart the places are that different chats get at one moment, without those of the burst."""
    waits = [limiter.reserve_bot(start) for _ in range(count)]
    return [later - earlier for earlier, later in itertools.pairwise(waits) if earlier > 0]


def test_rate_is_shared_by_those_who_send_for_one_bot():
    limiter = RateLimiter(30)
    assert limiter.share_among(3, 0.0)
    waits = [limiter.reserve_bot(0.0) for _ in range(12)]
    assert waits[:10] == [0.0] * 10
    assert waits[10:] == pytest.approx([0.1, 0.2])
    assert not limiter.share_among(3, 0.0)
    assert limiter.share_among(1, 5.0)
    assert paces(limiter, 40, start=10.0) == pytest.approx([1 / 30] * 9)


def test_change_of_the_rate_is_no_occasion_for_another_burst():
    limiter = RateLimiter(10)
    for _ in range(200):
        limiter.reserve_bot(0.0)
    for senders, wait in ((2, 0.2), (1, 0.1), (20, 2.0)):
        limiter.share_among(senders, 1.0)
        assert limiter.reserve_bot(1.0) == pytest.approx(wait)


def test_bucket_that_was_full_stays_full():
    limiter = RateLimiter(10)
    limiter.share_among(2, 100.0)
    assert [limiter.reserve_bot(100.0) for _ in range(5)] == pytest.approx([0.0] * 5)
    assert limiter.reserve_bot(100.0) == pytest.approx(0.2)
