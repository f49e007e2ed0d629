"""A captcha in the middle of a dialog: the person gets the board's own link, and the work is tried again afterwards.

It is never solved or worked around here. The way back is part of the link: `BoardSessions.call` puts it there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.boards.board import CaptchaRequired
from daemon.dialogs.dialog import Option
from daemon.outbox.message import Text, UrlButton

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from daemon.dialogs.dialog import Dialog, Json


async def do_past_captcha(dialog: Dialog, name: str, work: Callable[[], Awaitable[Json]]) -> Json:
    """Like `dialog.do`; as often as the board wants a captcha, its person is asked to solve it. Raises `WorkFailed`."""

    async def attempt() -> Json:
        try:
            return {"result": await work()}
        except CaptchaRequired as captcha:
            return {"captcha": captcha.url}

    while "result" not in (outcome := await dialog.do(name, attempt)):
        url = outcome["captcha"]
        await dialog.choose(
            Text("onboarding.captcha"),
            [Option("solved", Text("onboarding.button.captcha_solved"))],
            links=[UrlButton(Text("onboarding.button.captcha"), url)] if url else [],
        )
    return outcome["result"]
