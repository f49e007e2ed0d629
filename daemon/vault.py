"""Vault: what a person entrusts to us, sealed before it reaches the store.

Two layers of AES-256-GCM. Each person has a data key; it seals their tokens, resume and letters, with the person and
the column as associated data, so that a text moved to another row or another person does not open. Data keys lie in
the store, wrapped by the secret key (`AURORA_SECRET_KEY`), which never does: a stolen database is noise. Forgetting a
data key shreds everything it sealed, backups included.

Called by accounts, autopilot and web. A data key is read from the store for every text: a cache would outlive its
forgetting.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from typing import TYPE_CHECKING, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from daemon.errors import Permanent
from daemon.secret import Secret
from store.errors import Conflict
from store.tables.data_keys import DataKeyRow

if TYPE_CHECKING:
    from store.ids import UserId
    from store.tables.data_keys import DataKeys
    from store.write import Write

KEY_BYTES = 32
_NONCE_BYTES = 12
_FORM = "1"
"""Leads every sealed text; another way of sealing gets another number."""


class VaultError(Permanent):
    """A sealed text can't be opened."""


class WrongSecretKey(VaultError):
    """The store was sealed with another secret key."""


class DataForgotten(VaultError):
    """The key of this text was forgotten: its person asked for deletion."""


class DataKeyStore(Protocol):
    """What the vault needs of `Store`."""

    @property
    def data_keys(self) -> DataKeys:
        """The wrapped keys."""

    async def write(self, write: Write) -> None:
        """Returns once it is on disk."""


class WallClock(Protocol):
    """What the vault needs of `Clock`."""

    def now(self) -> int:
        """Unix milliseconds."""


def make_secret_key() -> Secret:
    """A new secret key, as `AURORA_SECRET_KEY` holds it."""
    return Secret(base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode())


def parse_secret_key(secret: Secret) -> bytes:
    """The key's 32 bytes. Raises `VaultError`, whose text names the setting and never its value."""
    text = secret.reveal().strip()
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise VaultError(
            "AURORA_SECRET_KEY must be 32 bytes in URL-safe base64; make one with: "
            'python3 -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"'
        )
    return key


class Vault:
    """Seals and opens texts of people. Sealed texts are base64 and start with their form and their key's id."""

    def __init__(self, store: DataKeyStore, secret_key: Secret, clock: WallClock) -> None:
        self._store = store
        self._clock = clock
        self._key = parse_secret_key(secret_key)
        self._wrapper = AESGCM(self._key)
        self._wrapper_id = _id_of(self._key)

    async def check(self) -> None:
        """Whether this secret key opens this store; an empty store fits every key. Raises `WrongSecretKey`."""
        for row in await self._store.data_keys.page(-1, 1):
            self._unwrap(row)

    async def seal(self, user_id: UserId, column: str, text: str) -> str:
        """The text, readable only with this person's key, for this column. Makes the key at the first time."""
        key = await self._data_key(user_id) or await self._make_data_key(user_id)
        key_id = _id_of(key)
        return f"{_FORM}.{key_id}.{_encrypt(AESGCM(key), text.encode(), _context(user_id, column, key_id))}"

    async def open(self, user_id: UserId, column: str, sealed: str) -> str:
        """The text. Raises `DataForgotten`, `WrongSecretKey`, or `VaultError` when it was not sealed for this place."""
        form, key_id, body = _split(sealed)
        key = await self._data_key(user_id)
        if key is None or _id_of(key) != key_id:
            raise DataForgotten
        if form != _FORM:
            raise VaultError("a sealed text was written by a newer release")
        try:
            return _decrypt(AESGCM(key), body, _context(user_id, column, key_id)).decode()
        except InvalidTag:
            raise VaultError(f"a sealed text does not belong to {column} of this person, or was changed") from None

    def pseudonym(self, user_id: UserId) -> str:
        """A name for a person that only the secret key can lead back to them; always the same one."""
        return hmac.digest(self._key, f"aurora pseudonym/{user_id}".encode(), "sha256").hex()[:32]

    def forget(self, user_id: UserId) -> Write:
        """Shreds everything sealed for this person."""
        return self._store.data_keys.delete(user_id)

    async def _data_key(self, user_id: UserId) -> bytes | None:
        row = await self._store.data_keys.get(user_id)
        return None if row is None else self._unwrap(row)

    async def _make_data_key(self, user_id: UserId) -> bytes:
        key = os.urandom(KEY_BYTES)
        wrapped = f"{_FORM}.{self._wrapper_id}.{_encrypt(self._wrapper, key, self._wrapping(user_id))}"
        try:
            await self._store.write(self._store.data_keys.insert(DataKeyRow(user_id, wrapped, self._clock.now())))
        except Conflict:
            # Another task was first; a second key would make one half of the texts unreadable.
            if (made := await self._data_key(user_id)) is not None:
                return made
            raise
        return key

    def _unwrap(self, row: DataKeyRow) -> bytes:
        _, wrapper_id, body = _split(row.wrapped_key)
        if wrapper_id != self._wrapper_id:
            raise WrongSecretKey(
                f"this store was sealed with secret key {wrapper_id}, and AURORA_SECRET_KEY is {self._wrapper_id}: "
                "set the key it was made with (at first start it was written beside the store)"
            )
        try:
            return _decrypt(self._wrapper, body, self._wrapping(row.user_id))
        except InvalidTag:
            raise VaultError("a data key in the store was changed or belongs to another person") from None

    def _wrapping(self, user_id: UserId) -> bytes:
        return _context(user_id, "data_keys.wrapped_key", self._wrapper_id)


def _id_of(key: bytes) -> str:
    # Names a key without telling it: enough to say which of two keys a text wants.
    return hashlib.sha256(b"aurora key id" + key).hexdigest()[:8]


def _context(user_id: UserId, column: str, key_id: str) -> bytes:
    return f"aurora/{_FORM}/{user_id}/{column}/{key_id}".encode()


def _split(sealed: str) -> tuple[str, str, str]:
    form, _, rest = sealed.partition(".")
    key_id, _, body = rest.partition(".")
    if not (form and key_id and body):
        raise VaultError("a sealed text is damaged")
    return form, key_id, body


def _encrypt(cipher: AESGCM, data: bytes, context: bytes) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return base64.urlsafe_b64encode(nonce + cipher.encrypt(nonce, data, context)).decode()


def _decrypt(cipher: AESGCM, body: str, context: bytes) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(body)
    except (binascii.Error, ValueError):
        raise VaultError("a sealed text is damaged") from None
    if len(raw) <= _NONCE_BYTES:
        raise VaultError("a sealed text is damaged")
    return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context)
