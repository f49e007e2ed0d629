"""ButtonSigner: callback data that only this bot can have made, for one person only.

`sender.py` signs at the moment of sending, `bot/routes.py` opens what a press brings back. Telegram clients can be
made to send any callback data from any chat, so a button without a valid signature for the person who pressed it is
`ForgedButton` and does nothing.

Shape: `action:argument.signature`, at most 64 bytes; the signature is 66 bits of HMAC-SHA-256 over person, action and
argument, which nobody guesses through a chat.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode

DATA_BYTES = 64
_SIGNATURE_CHARACTERS = 11
CONTENT_BYTES = DATA_BYTES - _SIGNATURE_CHARACTERS - 2
"""What is left for action and argument together."""


class ForgedButton(Exception):
    """This button was not made by this bot for this person."""


def check_button(action: str, argument: str) -> None:
    """Raises ValueError for what can't be signed: a programming error, found when the message is made, not sent."""
    if not action or ":" in action:
        raise ValueError(f"a button's action is a word without a colon, not {action!r}")
    content = action + argument
    if not (content.isascii() and content.isprintable()):
        raise ValueError(f"action and argument of button {action!r} must be printable ASCII")
    if len(content) > CONTENT_BYTES:
        raise ValueError(f"button {action!r}: action and argument have {len(content)} of {CONTENT_BYTES} characters")


class ButtonSigner:
    """Signs buttons and opens pressed ones."""

    def __init__(self, key: bytes, *older: bytes) -> None:
        """`older`: keys whose buttons are still good."""
        self._key = key
        self._keys = (key, *older)

    def sign(self, user_id: int, action: str, argument: str = "") -> str:
        """Callback data for this person. Raises ValueError as `check_button` does."""
        check_button(action, argument)
        return f"{action}:{argument}.{_sign(self._key, user_id, action, argument)}"

    def open(self, user_id: int, data: str) -> tuple[str, str]:
        """Action and argument. Raises `ForgedButton`."""
        content, _, signature = data.rpartition(".")
        action, colon, argument = content.partition(":")
        # Compared as bytes: what a client sends may hold any character.
        given = signature.encode("utf-8", "replace")
        signatures = (_sign(key, user_id, action, argument).encode() for key in self._keys)
        if not colon or not any(hmac.compare_digest(given, expected) for expected in signatures):
            raise ForgedButton("a button of another bot, another person or another time")
        return action, argument


def _sign(key: bytes, user_id: int, action: str, argument: str) -> str:
    content = f"{user_id}:{action}:{argument}".encode("utf-8", "replace")
    digest = hmac.digest(key, content, "sha256")
    return urlsafe_b64encode(digest[:9])[:_SIGNATURE_CHARACTERS].decode()
