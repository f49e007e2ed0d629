"""Buttons signed for one person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.outbox.buttons import CONTENT_BYTES, ButtonSigner, ForgedButton, check_button

SIGNER = ButtonSigner(b"k" * 32)
ARGUMENTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=CONTENT_BYTES - 4)


@given(st.integers(1, 2**52), ARGUMENTS)
def test_signed_button_opens_for_its_person(user_id, argument):
    data = SIGNER.sign(user_id, "send", argument)
    assert len(data.encode()) <= 64
    assert SIGNER.open(user_id, data) == ("send", argument)


def test_button_of_another_person_is_forged():
    with pytest.raises(ForgedButton):
        SIGNER.open(2, SIGNER.sign(1, "send", "9"))


def test_button_of_another_bot_is_forged():
    with pytest.raises(ForgedButton):
        ButtonSigner(b"x" * 32).open(1, SIGNER.sign(1, "send", "9"))


def test_button_made_with_an_older_key_still_opens():
    changed = ButtonSigner(b"n" * 32, b"k" * 32)
    assert changed.open(1, SIGNER.sign(1, "send", "9")) == ("send", "9")
    assert ButtonSigner(b"n" * 32).open(1, changed.sign(1, "send", "9")) == ("send", "9")
    with pytest.raises(ForgedButton):
        changed.open(2, SIGNER.sign(1, "send", "9"))


def test_changed_argument_is_forged():
    data = SIGNER.sign(1, "send", "9")
    with pytest.raises(ForgedButton):
        SIGNER.open(1, data.replace(":9.", ":8."))


def test_characters_can_not_move_between_action_and_argument():
    signature = SIGNER.sign(1, "a", "b:c").rpartition(".")[2]
    assert SIGNER.open(1, f"a:b:c.{signature}") == ("a", "b:c")
    with pytest.raises(ForgedButton):
        SIGNER.open(11, f"a:b:c.{signature}")


@given(st.text(max_size=64))
def test_whatever_a_client_sends_is_forged_and_never_a_crash(data):
    with pytest.raises(ForgedButton):
        SIGNER.open(1, data)


@pytest.mark.parametrize("data", ["", ".", ":", "a:b", "a:b.", "a.b", ":.", "\ud800:x.y"])
def test_malformed_data_is_forged(data):
    with pytest.raises(ForgedButton):
        SIGNER.open(1, data)


@pytest.mark.parametrize(
    ("action", "argument"), [("", "x"), ("a:b", "x"), ("a", "я"), ("a", "\n"), ("a", "x" * CONTENT_BYTES)]
)
def test_what_can_not_be_signed_is_refused(action, argument):
    with pytest.raises(ValueError, match=r"button|action"):
        check_button(action, argument)


def test_longest_button_fills_its_bytes():
    assert len(SIGNER.sign(2**60, "a", "x" * (CONTENT_BYTES - 1))) == 64
