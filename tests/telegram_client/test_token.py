"""The token gives nothing away."""

import copy
import pickle

import pytest

from telegram_client.token import BotToken

SECRET = "AAcanaryCANARYcanaryCANARYcanaryCANARY"
TEXT = f"123456:{SECRET}"


def test_token_of_botfathers_shape_is_taken():
    token = BotToken.parse(f" {TEXT}\n")
    assert token.bot_id == 123456
    assert token.in_path() == f"bot{TEXT}"


@pytest.mark.parametrize(
    "text", ["", "123456", f":{SECRET}", f"123456:{SECRET[:29]}", f"12x:{SECRET}", f"{TEXT} x", f"{TEXT}/.."]
)
def test_token_of_another_shape_is_refused_without_showing_it(text):
    with pytest.raises(ValueError, match="digits, a colon") as caught:
        BotToken.parse(text)
    assert not text or text not in str(caught.value)


def test_no_way_of_printing_shows_the_secret():
    token = BotToken.parse(TEXT)
    shown = [
        str(token),
        repr(token),
        f"{token}",
        f"{token:>60}",
        "%s %r" % (token, token),  # noqa: UP031 - old formatting is one of the ways
        str([token]),
        str({"t": token}),
    ]
    assert not any(token.is_in(text) for text in shown)
    assert "123456" in repr(token)


def test_token_is_not_pickled():
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(BotToken.parse(TEXT))


def test_copies_are_the_same_token():
    token = BotToken.parse(TEXT)
    assert copy.copy(token) is token
    assert copy.deepcopy([token])[0] is token


def test_tokens_are_equal_by_value():
    assert BotToken.parse(TEXT) == BotToken.parse(TEXT)
    assert BotToken.parse(TEXT) != BotToken.parse(TEXT[:-1] + "x")
    assert BotToken.parse(TEXT) != TEXT
    assert len({BotToken.parse(TEXT), BotToken.parse(TEXT)}) == 1


def test_secret_half_is_found_in_a_text():
    token = BotToken.parse(TEXT)
    assert token.is_in(f"GET /bot{TEXT}/getMe")
    assert token.is_in(SECRET)
    assert not token.is_in("bot 123456")
