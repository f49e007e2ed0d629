"""BotToken: the bot's key, as a type that can't be shown by accident.

Made by `main` from the settings; only `client.py` and `files.py` put it on the wire, through `in_path`. A token that
got into a traceback once had to be revoked by hand, so `str`, `repr`, `format` and pickling give nothing away.
"""

from __future__ import annotations

import hmac
import re
from typing import NoReturn, Self

_SHAPE = re.compile(r"([0-9]{1,20}):[A-Za-z0-9_-]{30,}")


class BotToken:
    """A bot token as BotFather gives it: digits, a colon and at least 30 characters."""

    __slots__ = ("_value", "bot_id")

    def __init__(self, value: str, bot_id: int) -> None:
        self._value = value
        self.bot_id = bot_id

    @classmethod
    def parse(cls, text: str) -> BotToken:
        """Raises ValueError, whose text never holds what was given."""
        match = _SHAPE.fullmatch(text.strip())
        if match is None:
            raise ValueError("a bot token is digits, a colon and at least 30 letters, digits, '-' or '_'")
        return cls(match.group(0), int(match.group(1)))

    def in_path(self) -> str:
        """The part of the address that names the bot. For the two callers that build addresses."""
        return f"bot{self._value}"

    def is_in(self, text: str) -> bool:
        """Whether a text would give the token away: its secret half is enough."""
        return self._value.partition(":")[2] in text

    def __repr__(self) -> str:
        return f"BotToken({self.bot_id}:***)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BotToken) and hmac.compare_digest(self._value, other._value)

    def __hash__(self) -> int:
        return hash(self.bot_id)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a bot token is not pickled")

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        self.__reduce__()
