"""Kinds of settings: each turns a value into what the rooms use, or says what is expected.

Every message here is shown to the operator and must never hold the value: it may be a secret in the wrong place.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator

from daemon.secret import Secret

BOT_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{30,}")
KEY_BYTES = 32
HIGHEST_PORT = 65535
LONGEST_SOCKET_PATH = 106
"""What the kernel takes in `sockaddr_un`, less the letter of the draft name under which the socket is bound."""


def split_listen(listen: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:8080`, `localhost:0` or `[::1]:8080`; `ValueError` for anything else."""
    host, colon, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > HIGHEST_PORT:
        raise ValueError("expected host:port, for example 127.0.0.1:8080; port 0 takes any free port")
    return host, int(port)


def _listen(value: Any) -> str:
    text = _text(value)
    split_listen(text)
    return text


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a text")  # noqa: TRY004 - pydantic turns only ValueError into its own error
    if any(ord(letter) < ord(" ") for letter in value):
        raise ValueError("expected a text on one line, without control characters")
    return value.strip()


def _secret(value: Any) -> Secret | None:
    if value is None or isinstance(value, Secret):
        return value
    return Secret(_text(value))


def _bot_token(value: Any) -> Secret:
    token = value if isinstance(value, Secret) else Secret(_text(value))
    if not BOT_TOKEN.fullmatch(token.reveal()):
        raise ValueError("expected a bot token: digits, a colon and at least 30 letters, digits, '_' or '-'")
    return token


def _encryption_key(value: Any) -> Secret | None:
    key = _secret(value)
    if key is None:
        return None
    try:
        decoded = base64.b64decode(key.reveal().encode() + b"=" * (-len(key.reveal()) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if len(decoded) != KEY_BYTES:
        raise ValueError("expected 32 bytes in URL-safe base64 (43 characters, or 44 with '=')")
    return key


def _encryption_keys(value: Any) -> tuple[Secret, ...]:
    """Comma-separated in the environment, a list in TOML."""
    members = value.reveal() if isinstance(value, Secret) else value
    if isinstance(members, str):
        members = [member for member in members.split(",") if member.strip()]
    if not isinstance(members, list | tuple):
        raise ValueError("expected keys of 32 bytes in URL-safe base64, separated by commas")  # noqa: TRY004 - as above
    return tuple(key for member in members if (key := _encryption_key(member)) is not None)


def _web_address(value: Any) -> str:
    """A scheme of the web, a host, perhaps a path; no trailing slash, so that paths can be appended."""
    text = _text(value)
    if not text:
        return ""
    wanted = "expected an address like https://host or http://127.0.0.1:8081/path, without '?', '#' or a password"
    parts = _split(text, wanted)
    is_place = parts.scheme in {"http", "https"} and bool(parts.hostname)
    if not is_place or any(mark in text for mark in "?# ") or "@" in parts.netloc:
        raise ValueError(wanted)
    return text.rstrip("/")


def _split(text: str, wanted: str) -> SplitResult:
    """The parts of an address; a port that is none, or 0, is refused like any other mistake."""
    try:
        parts = urlsplit(text)
        is_wrong = parts.port == 0
    except ValueError:
        is_wrong = True
    if is_wrong:
        raise ValueError(wanted)
    return parts


def _proxy(value: Any) -> str | None:
    if value is None:
        return None
    text = _text(value)
    if not text:
        return None
    wanted = "expected a proxy like http://host:3128 or socks5://host:1080"
    parts = _split(text, wanted)
    if parts.scheme not in {"http", "socks5"} or not parts.hostname or parts.path not in {"", "/"}:
        raise ValueError(wanted)
    return text.rstrip("/")


def _person_ids(value: Any) -> tuple[int, ...]:
    """Comma-separated in the environment, a list of numbers in TOML."""
    members = value.split(",") if isinstance(value, str) else value
    if isinstance(members, int) and not isinstance(members, bool):
        members = [members]
    if not isinstance(members, list | tuple):
        raise ValueError("expected numeric Telegram ids, separated by commas")  # noqa: TRY004 - as above
    ids = []
    for member in members:
        text = str(member).strip()
        if not text:
            continue
        if not text.isascii() or not text.isdigit():
            raise ValueError("expected numeric Telegram ids, separated by commas (not @names: names change owners)")
        ids.append(int(text))
    return tuple(ids)


def _store_url(value: Any) -> str:
    text = _text(value)
    if text.startswith(("postgresql://", "postgres://")):
        return _server_url(text)
    if text and (not text.startswith("sqlite:///") or len(text) <= len("sqlite:///") or text.endswith("/")):
        raise ValueError(
            "expected sqlite:///relative/path.db, sqlite:////absolute/path.db or postgresql://user@host:5432/database"
        )
    return text


def _server_url(text: str) -> str:
    """The database is named, because libpq's own default, the user's name, has surprised many."""
    wanted = "expected postgresql://user:password@host:5432/database, a `%` in a password written as %25"
    try:
        has_database = bool(urlsplit(text).path.strip("/"))
    except ValueError:
        has_database = False
    if not has_database:
        raise ValueError(wanted)
    return text


def _socket_path(value: Any) -> str:
    text = _text(value)
    if len(text.encode()) > LONGEST_SOCKET_PATH:
        raise ValueError(f"expected a path of at most {LONGEST_SOCKET_PATH} bytes, as the kernel demands of sockets")
    return text


PlainText = Annotated[str, BeforeValidator(_text)]
SecretText = Annotated[Secret | None, BeforeValidator(_secret)]
BotTokenText = Annotated[Secret, BeforeValidator(_bot_token)]
EncryptionKey = Annotated[Secret | None, BeforeValidator(_encryption_key)]
EncryptionKeys = Annotated[tuple[Secret, ...], BeforeValidator(_encryption_keys)]
WebAddress = Annotated[str, BeforeValidator(_web_address)]
ProxyAddress = Annotated[str | None, BeforeValidator(_proxy)]
ListenAddress = Annotated[str, BeforeValidator(_listen)]
PersonIds = Annotated[tuple[int, ...], BeforeValidator(_person_ids)]
StoreUrl = Annotated[str, BeforeValidator(_store_url)]
SocketPath = Annotated[str, BeforeValidator(_socket_path)]
