"""Secret: a string that does not print.

Only the adapter that puts it on the wire and the vault that seals it call `reveal`.
"""

from __future__ import annotations

import hashlib
import hmac


class Secret:
    """A secret string; `str`, `repr` and formatting show stars."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(hashlib.sha256(self._value.encode()).digest())


class SharedSecret(Secret):
    """A token that every process on the store uses at the same time, such as the application's own."""

    __slots__ = ()

    @classmethod
    def of(cls, secret: Secret) -> SharedSecret:
        """The same secret, known to be shared."""
        return cls(secret.reveal())
