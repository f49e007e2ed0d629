"""Ack before commit: Telegram is told that updates were taken before they are on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import telegram_client.long_poll

if TYPE_CHECKING:
    from telegram_client.client import TelegramClient

MACHINES = ("kill",)


def apply() -> None:
    """In this process, for good."""
    get_updates = telegram_client.long_poll.get_updates

    async def get_and_confirm(
        client: TelegramClient, offset: int | None, *, timeout_seconds: int, limit: int = 100
    ) -> Any:
        batch = await get_updates(client, offset, timeout_seconds=timeout_seconds, limit=limit)
        if batch:
            await get_updates(client, batch[-1]["update_id"] + 1, timeout_seconds=0, limit=1)
        return batch

    telegram_client.long_poll.get_updates = get_and_confirm  # type: ignore[assignment] # a broken build
