"""Vault: what a person entrusts to us, sealed before it reaches the store.

Two layers of AES-256-GCM. Each person has a data key; it seals their tokens, resume and letters, with the person and
the column as associated data, so that a text moved to another row or another person does not open. Data keys lie in
the store, wrapped by the secret key (`AURORA_SECRET_KEY`), which never does: a stolen database is noise. Forgetting a
data key shreds everything it sealed, backups included.

The secret key can be changed while the daemon serves: older ones (`AURORA_SECRET_KEY_OLD`) still open what they
wrapped, the newest wraps whatever is new, and `rewrap` brings the rest over. Only data keys are wrapped anew, so what
they seal stays as it is.

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

import structlog
import trio
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from daemon.errors import Permanent
from daemon.secret import Secret
from store.errors import Conflict
from store.tables.data_keys import DataKeyRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from store.ids import UserId
    from store.tables.data_keys import DataKeys
    from store.write import Write

log = structlog.get_logger(__name__)

KEY_BYTES = 32
_ID_CHARACTERS = 8
_PAGE = 200
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

    def __init__(
        self, store: DataKeyStore, secret_key: Secret, clock: WallClock, *, older: Sequence[Secret] = ()
    ) -> None:
        """`older`: secret keys that were used before and may still be needed."""
        self._store = store
        self._clock = clock
        self._keys = tuple(parse_secret_key(key) for key in (secret_key, *older))
        self._wrappers = {_id_of(key): AESGCM(key) for key in self._keys}
        self._wrapper_id = _id_of(self._keys[0])
        self.left_behind = 0
        """Data keys under an older secret key, when they were last counted."""

    async def check(self) -> None:
        """Whether the secret keys open this store; an empty store fits every key. Raises `WrongSecretKey`."""
        for row in await self._store.data_keys.page(-1, 1):
            self._unwrap(row)
        await self.count_left_behind()

    async def count_left_behind(self) -> int:
        """Data keys that are not under the newest secret key yet. Raises `WrongSecretKey` for those no key opens."""
        counts = await self._store.data_keys.count_by_prefix(len(f"{_FORM}.") + _ID_CHARACTERS)
        by_wrapper = {prefix.rpartition(".")[2]: count for prefix, count in counts.items()}
        for wrapper_id in by_wrapper.keys() - self._wrappers.keys():
            raise self._wrong_key(wrapper_id)
        self.left_behind = sum(by_wrapper.values()) - by_wrapper.get(self._wrapper_id, 0)
        return self.left_behind

    async def rewrap(self) -> int:
        """Brings every data key under the newest secret key; how many it did.

        The rows themselves say what is left, so a run that is cut off anywhere is gone on with by the next.
        """
        if not await self.count_left_behind():
            return 0
        done, after = 0, -1
        while rows := await self._store.data_keys.page(after, _PAGE):
            old = [row for row in rows if _split(row.wrapped_key)[1] != self._wrapper_id]
            async with trio.open_nursery() as nursery:  # side by side, so that they travel in one commit
                for row in old:
                    nursery.start_soon(self._rewrap_one, row)
            done, after = done + len(old), rows[-1].user_id
        log.info("data_keys_rewrapped", count=done, left=await self.count_left_behind())
        return done

    async def _rewrap_one(self, row: DataKeyRow) -> None:
        new = self._wrap(row.user_id, self._unwrap(row))
        try:
            await self._store.write(self._store.data_keys.rewrap(row.user_id, row.wrapped_key, new))
        except Conflict:
            log.info("data_key_moved_meanwhile")  # forgotten, or wrapped anew by another instance

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

    def pseudonyms(self, user_id: UserId) -> tuple[str, ...]:
        """Names for a person that only a secret key can lead back to them: one a key, always the same, newest first."""
        text = f"aurora pseudonym/{user_id}".encode()
        return tuple(hmac.digest(key, text, "sha256").hex()[:32] for key in self._keys)

    def forget(self, user_id: UserId) -> Write:
        """Shreds everything sealed for this person."""
        return self._store.data_keys.delete(user_id)

    async def _data_key(self, user_id: UserId) -> bytes | None:
        row = await self._store.data_keys.get(user_id)
        return None if row is None else self._unwrap(row)

    async def _make_data_key(self, user_id: UserId) -> bytes:
        key = os.urandom(KEY_BYTES)
        row = DataKeyRow(user_id, self._wrap(user_id, key), self._clock.now())
        try:
            await self._store.write(self._store.data_keys.insert(row))
        except Conflict:
            # Another task was first; a second key would make one half of the texts unreadable.
            if (made := await self._data_key(user_id)) is not None:
                return made
            raise
        return key

    def _wrap(self, user_id: UserId, key: bytes) -> str:
        body = _encrypt(self._wrappers[self._wrapper_id], key, _wrapping(user_id, self._wrapper_id))
        return f"{_FORM}.{self._wrapper_id}.{body}"

    def _unwrap(self, row: DataKeyRow) -> bytes:
        _, wrapper_id, body = _split(row.wrapped_key)
        wrapper = self._wrappers.get(wrapper_id)
        if wrapper is None:
            raise self._wrong_key(wrapper_id)
        try:
            return _decrypt(wrapper, body, _wrapping(row.user_id, wrapper_id))
        except InvalidTag:
            raise VaultError("a data key in the store was changed or belongs to another person") from None

    def _wrong_key(self, wrapper_id: str) -> WrongSecretKey:
        return WrongSecretKey(
            f"this store was sealed with secret key {wrapper_id}, and AURORA_SECRET_KEY is {self._wrapper_id}: "
            "set the key it was made with (at first start it was written beside the store), "
            "or, to change keys, name it in AURORA_SECRET_KEY_OLD"
        )


def _id_of(key: bytes) -> str:
    # Names a key without telling it: enough to say which of two keys a text wants.
    return hashlib.sha256(b"aurora key id" + key).hexdigest()[:_ID_CHARACTERS]


def _wrapping(user_id: UserId, wrapper_id: str) -> bytes:
    return _context(user_id, "data_keys.wrapped_key", wrapper_id)


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
