"""Multipart bodies: how a method call carries a file.

Used by `client.py` whenever a parameter is an `InputFile`; everything else of the call becomes a plain field.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to be sent."""

    name: str
    content: bytes = field(repr=False)
    media_type: str = "application/octet-stream"


def _quote(name: str) -> str:
    """A name inside a header, escaped as browsers do (HTML standard, multipart/form-data)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _head(boundary: str, name: str, file: InputFile | None) -> bytes:
    disposition = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quote(name)}"'
    if file is None:
        return f"{disposition}\r\n\r\n".encode()
    return f'{disposition}; filename="{_quote(file.name)}"\r\nContent-Type: {file.media_type}\r\n\r\n'.encode()


def _field_value(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    return orjson.dumps(value)


def encode_multipart(params: Mapping[str, Any], boundary: str | None = None) -> tuple[str, bytes]:
    """Content type and body. Texts go as they are, everything else as JSON, as the Bot API wants it."""
    boundary = boundary or f"aurora-{secrets.token_hex(16)}"
    parts: list[bytes] = []
    for name, value in params.items():
        file = value if isinstance(value, InputFile) else None
        parts += (_head(boundary, name, file), file.content if file else _field_value(value), b"\r\n")
    parts.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", b"".join(parts)
