"""Forms: what a request carries as query, urlencoded body, multipart body or JSON object, read the same way.

Used by every double that takes forms (Telegram's methods, the board's applications, the login page). Strict where a
real server is: a multipart body without its closing boundary is `BrokenForm`, so that a half-sent application never
counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.sandbox.service import Request


class BrokenForm(Exception):
    """The body is not what its content type says."""


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """One file part of a multipart body."""

    name: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """Fields as they came (JSON bodies keep their types, everything else is text), and files by field name."""

    fields: Mapping[str, Any]
    files: Mapping[str, UploadedFile] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """A field as text."""
        value = self.fields.get(name)
        return default if value is None else str(value)


def read_form(request: Request) -> Form:
    """The query's fields, overridden by the body's."""
    fields: dict[str, Any] = {name: values[-1] for name, values in request.query.items()}
    files: dict[str, UploadedFile] = {}
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        fields.update(_read_json(request.body))
    elif kind == "application/x-www-form-urlencoded":
        fields.update(_read_urlencoded(request.body))
    elif kind == "multipart/form-data":
        texts, files = _read_multipart(request.body, _boundary(content_type))
        fields.update(texts)
    return Form(fields, files)


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as e:
        raise BrokenForm("not JSON") from e
    if not isinstance(value, dict):
        raise BrokenForm("a JSON object is expected")
    return value


def _read_urlencoded(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    except UnicodeDecodeError as e:
        raise BrokenForm("not UTF-8") from e


def _boundary(content_type: str) -> bytes:
    message = Message()
    message["content-type"] = content_type
    boundary = message.get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise BrokenForm("multipart without a boundary")
    return boundary.encode()


def _read_multipart(body: bytes, boundary: bytes) -> tuple[dict[str, str], dict[str, UploadedFile]]:
    fields: dict[str, str] = {}
    files: dict[str, UploadedFile] = {}
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise BrokenForm("multipart without its closing boundary")
    for piece in pieces[1:-1]:
        head, separator, content = piece.partition(b"\r\n\r\n")
        if not separator:
            raise BrokenForm("a part without an end of headers")
        headers = _part_headers(head)
        name = headers.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            raise BrokenForm("a part without a name")
        filename = headers.get_filename()
        if filename is None:
            fields[name] = content.decode(errors="replace")
        else:
            files[name] = UploadedFile(filename, headers.get_content_type(), content)
    return fields, files


def _part_headers(head: bytes) -> Message:
    message = Message()
    for line in head.decode(errors="replace").split("\r\n"):
        name, separator, value = line.partition(":")
        if separator:
            message[name.strip()] = value.strip()
    return message
