"""Introduction: the bot learns its own name and tells Telegram its commands, in each language.

A child of the supervisor that ends when it is done. Telegram may be unreachable at the start: then it is tried again,
and what needs the name (links back into the chat) does without it meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from daemon.errors import Permanent, Temporary
from daemon.i18n.translate import LANGUAGES
from daemon.outbox.message import Text
from telegram_client.errors import RetryAfter, TelegramError, Unauthorized
from telegram_client.methods import get_me, set_my_commands

if TYPE_CHECKING:
    import trio

    from daemon.i18n.translate import Texts
    from telegram_client.client import TelegramClient

log = structlog.get_logger(__name__)

SHOWN = (
    "start",
    "autopilot",
    "pause",
    "stop",
    "status",
    "history",
    "resume",
    "query",
    "connect",
    "settings",
    "language",
    "help",
    "cancel",
    "privacy",
    "delete",
    "terms",
    "paysupport",
)
"""In the order in which people need them."""


class TokenRefused(Permanent):
    """Telegram does not know this bot token: check AURORA_TELEGRAM__TOKEN, or ask @BotFather for a new one."""


class Introduction:
    """Says hello to Telegram."""

    def __init__(self, client: TelegramClient, texts: Texts) -> None:
        self._client = client
        self._texts = texts
        self.username = ""
        """Empty until Telegram has told it."""

    @property
    def link(self) -> str | None:
        """A link into the chat with the bot."""
        return f"https://t.me/{self.username}" if self.username else None

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        """Asks once. Raises `Temporary` where another try may help, `TokenRefused`."""
        task_status.started()
        try:
            self.username = (await get_me(self._client)).username or ""
            for language in LANGUAGES:
                await set_my_commands(self._client, self._commands(language), language_code=language)
            await set_my_commands(self._client, self._commands("en"))
        except Unauthorized:
            raise TokenRefused from None
        except TelegramError as error:
            wait = error.seconds if isinstance(error, RetryAfter) else None
            raise Temporary(f"Telegram: {type(error).__name__}", retry_after_seconds=wait) from None
        log.info("introduced", username=self.username)

    def _commands(self, language: str) -> list[tuple[str, str]]:
        return [(name, self._texts.plain(Text(f"introduction.{name}"), language)) for name in SHOWN]
