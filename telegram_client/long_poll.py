"""Async generator of update batches from a given offset. Keeps nothing.

    async with aclosing(poll_updates(client, offset, timeout_seconds=25)) as batches:
        async for batch in batches:
            ...  # make it durable: resuming the generator is the promise that the batch is safe

Asking for a higher offset is what confirms a batch to Telegram, and that happens only when the generator is resumed.
An error ends the generator; the caller makes a new one from the offset it has on disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telegram_client.errors import AnswerTooLarge, ServerTrouble
from telegram_client.methods import get_updates

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from telegram_client.client import TelegramClient

BATCH_LIMIT = 100
"""Most that the Bot API gives at once."""


async def poll_updates(
    client: TelegramClient, offset: int | None, *, timeout_seconds: int
) -> AsyncGenerator[list[dict[str, Any]], None]:
    """Batches of raw updates, also empty ones: each is a poll that succeeded. Raises `TelegramError`.

    The first poll does not wait: whoever begins knows at once whether Telegram lets them in.
    """
    limit = BATCH_LIMIT
    wait_seconds = 0
    while True:
        try:
            batch = read_batch(await get_updates(client, offset, timeout_seconds=wait_seconds, limit=limit))
        except AnswerTooLarge:
            # A batch of giants would be refused for ever: ask for fewer at a time.
            if limit == 1:
                raise
            limit = max(1, limit // 4)
            continue
        wait_seconds = timeout_seconds
        yield batch
        if batch:
            # After a week without updates Telegram may begin anew with lower ids: the offset follows the last batch.
            offset = next_offset(batch)
            limit = BATCH_LIMIT


def read_batch(result: Any) -> list[dict[str, Any]]:
    """The updates that carry an id; those that do not can't be told apart nor confirmed. Raises `ServerTrouble`."""
    if not isinstance(result, list):
        raise ServerTrouble("getUpdates was answered with something that is no list")
    batch = [update for update in result if isinstance(update, dict) and _has_id(update)]
    if result and not batch:
        raise ServerTrouble("getUpdates was answered with updates that have no id")
    return batch


def next_offset(batch: list[dict[str, Any]]) -> int:
    """The offset that confirms this batch."""
    highest: int = max(update["update_id"] for update in batch)
    return highest + 1


def _has_id(update: dict[str, Any]) -> bool:
    number = update.get("update_id")
    return type(number) is int and 0 <= number < 2**62
