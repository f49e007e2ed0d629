"""Download and upload of documents (resumes).

Used by handlers through an injected function; `send_document` in `methods.py` uploads. A download is capped while it
streams: what a file says of its own size is not believed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from telegram_client.errors import AnswerTooLarge, ServerTrouble, make_error
from telegram_client.methods import get_file
from telegram_client.transport import Deadlines

if TYPE_CHECKING:
    from telegram_client.client import TelegramClient

FILE_LIMIT = 20 * 1024 * 1024
"""Bytes; what the public server gives out at most."""
_DOWNLOAD = Deadlines(first_byte=30.0, total=300.0)
_SAFE_PATH = re.compile(r"[A-Za-z0-9_./ -]+")


async def download_file(client: TelegramClient, file_id: str, *, limit: int = FILE_LIMIT) -> bytes:
    """A file. Raises `AnswerTooLarge` as soon as it has more than `limit` bytes, and `TelegramError`."""
    file = await get_file(client, file_id)
    if file.file_size is not None and file.file_size > limit:
        raise _too_large(limit)
    taken = bytearray()
    async with client.open_file(_safe_path(file.file_path), deadlines=_DOWNLOAD) as stream:
        if stream.status != 200:
            raise make_error(stream.status, "the file was not given")
        async for chunk in stream.chunks:
            taken += chunk
            if len(taken) > limit:
                raise _too_large(limit)
    return bytes(taken)


def _safe_path(path: str | None) -> str:
    """A local server answers with a path on its own disk: only a relative one can be fetched."""
    if path is None or not _SAFE_PATH.fullmatch(path) or path.startswith("/") or ".." in path.split("/"):
        raise ServerTrouble("getFile gave no path that can be fetched")
    return path


def _too_large(limit: int) -> AnswerTooLarge:
    return AnswerTooLarge(f"the file has more than {limit} bytes")
