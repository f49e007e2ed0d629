"""The bot introduces itself to Telegram once, in both languages, and says whose fault it is when it can't."""

from __future__ import annotations

import pytest
import trio

from daemon.bot.introduction import SHOWN, Introduction, TokenRefused
from daemon.bot.routes import ROUTES
from daemon.errors import Temporary
from daemon.i18n.translate import Texts
from tests.fakes.transport import Script, failure, make_client, ok

ME = ok({"id": 123456, "is_bot": True, "first_name": "Aurora", "username": "aurora_bot"})


def introduce(script: Script) -> Introduction:
    return Introduction(make_client(script), Texts.load())


async def test_commands_are_told_in_each_language_and_by_default() -> None:
    script = Script(getMe=ME)

    await introduce(script).run(trio.TASK_STATUS_IGNORED)

    told = {
        params.get("language_code"): params["commands"] for method, params in script.calls if method == "setMyCommands"
    }
    assert set(told) == {"ru", "en", None}
    assert {"command": "pause", "description": "Поставить на паузу"} in told["ru"]
    assert {"command": "pause", "description": "Pause it"} in told[None]


async def test_link_into_the_chat_is_known_after_the_introduction() -> None:
    introduction = introduce(Script(getMe=ME))
    assert introduction.link is None

    await introduction.run(trio.TASK_STATUS_IGNORED)

    assert introduction.link == "https://t.me/aurora_bot"


async def test_unknown_token_is_permanent() -> None:
    with pytest.raises(TokenRefused):
        await introduce(Script(getMe=failure(401, "Unauthorized"))).run(trio.TASK_STATUS_IGNORED)


async def test_wait_that_telegram_asks_for_is_kept() -> None:
    script = Script(getMe=failure(429, "Too Many Requests: retry after 7", {"retry_after": 7}))

    with pytest.raises(Temporary) as caught:
        await introduce(script).run(trio.TASK_STATUS_IGNORED)

    assert caught.value.retry_after_seconds == 7


def test_every_command_is_shown() -> None:
    assert sorted(SHOWN) == sorted(ROUTES.commands)
