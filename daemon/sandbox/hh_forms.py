"""Bodies of forms as browsers and API clients send them: urlencoded and multipart. Read by the simulated board."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from daemon.sandbox.service import Request

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_NAME = re.compile(r'name="((?:[^"\\]|\\.)*)"', re.IGNORECASE)


class BrokenForm(Exception):
    """The body is not the form its header promises."""


def content_type_of(request: Request) -> str:
    """The media type without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def read_urlencoded(request: Request) -> dict[str, str]:
    """Fields of `application/x-www-form-urlencoded`; the last of equal names wins."""
    if content_type_of(request) != "application/x-www-form-urlencoded":
        raise BrokenForm("not urlencoded")
    try:
        return dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=bool(request.body)))
    except ValueError as error:
        raise BrokenForm("not urlencoded") from error


def read_multipart(request: Request) -> dict[str, str]:
    """Text fields of `multipart/form-data`."""
    if content_type_of(request) != "multipart/form-data":
        raise BrokenForm("not multipart")
    boundary = _BOUNDARY.search(request.headers["content-type"])
    if boundary is None:
        raise BrokenForm("no boundary")
    delimiter = b"--" + boundary[1].encode()
    # RFC 2046: the delimiter begins a line; the first one may open the body.
    parts = (b"\r\n" + request.body).split(b"\r\n" + delimiter)
    if len(parts) < 2 or not parts[-1].startswith(b"--"):
        raise BrokenForm("no closing boundary")
    return dict(_read_part(part) for part in parts[1:-1])


def _read_part(part: bytes) -> tuple[str, str]:
    head, separator, body = part.partition(b"\r\n\r\n")
    name = _NAME.search(head.decode("utf-8", "replace"))
    if not separator or name is None:
        raise BrokenForm("a part without a name")
    try:
        return name[1], body.decode()
    except UnicodeDecodeError as error:
        raise BrokenForm("a field that is not text") from error
