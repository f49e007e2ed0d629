"""The scripted person: presses the first button of whatever the bot sends, logs in at the board, says a word at times.

Moved by the world's log only, as a person is moved by what the phone shows. Every message is answered once; a message
that is edited to show other buttons is a new one. Used by the demo, the journeys and the crash machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog
import trio

from daemon.sandbox.browser import BrowserStopped
from daemon.sandbox.telegram_people import NothingToPress

if TYPE_CHECKING:
    import random

    from daemon.sandbox.browser import Browser
    from daemon.sandbox.telegram_people import TelegramPeople
    from daemon.sandbox.world_log import Act, WorldLog

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = (0.5, 1.0, 2.0, 4.0, 4.0, 8.0, 8.0, 16.0)
"""A page that does not answer is tried again after these waits; then the person gives up."""
FORMS_TO_SUBMIT = ("/oauth/authorize", "/account/captcha")
"""Pages on which this person presses the form's button; a vacancy's page is only looked at."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How this person goes about it."""

    login: str
    """E-mail at the board."""
    thinks_seconds: tuple[float, float] = (0.05, 0.3)
    says: tuple[tuple[int, str], ...] = ()
    """(after so many news of applications, what is typed then), ascending."""
    replies: tuple[tuple[str, str], ...] = ()
    """(what a message without buttons says, what is typed then): a resume that is asked for, a login that was lost."""
    presses_per_message: int = 3


@dataclass(slots=True)
class _Seen:
    buttons: set[str] = field(default_factory=set)


class ScriptedPerson:
    """One person and their phone."""

    def __init__(
        self,
        user_id: int,
        people: TelegramPeople,
        world_log: WorldLog,
        browser: Browser,
        *,
        manners: Manners,
        random_source: random.Random,
    ) -> None:
        self.user_id = user_id
        self.presses = 0
        self._people = people
        self._log = world_log
        self._browser = browser
        self._manners = manners
        self._random = random_source
        self._seen: dict[int, _Seen] = {}
        self._says = list(manners.says)
        self._news = 0

    async def live(self) -> None:
        """Says /start, then reacts for ever."""
        number = self._log.last
        self._people.send_text(self.user_id, "/start")
        while True:
            for act in self._log.since(number):
                number = act.number
                if act.get("chat") == self.user_id and act.kind in {"message", "edit"}:
                    await self._read(act)
            await self._log.wait_beyond(number)

    async def _read(self, act: Act) -> None:
        self._news += act.kind == "message" and "/vacancy/" in str(act.get("links"))
        message_id = act.get("message")
        if act.get("buttons") and isinstance(message_id, int):
            await self._press_first(message_id)
        elif act.kind == "message":
            self._reply(str(act.get("text")))
        while self._says and self._news >= self._says[0][0]:
            self._people.send_text(self.user_id, self._says.pop(0)[1])

    def _reply(self, text: str) -> None:
        reply = next((reply for part, reply in self._manners.replies if part in text), None)
        if reply is not None:
            self._people.send_text(self.user_id, reply)

    async def _press_first(self, message_id: int) -> None:
        await trio.sleep(self._random.uniform(*self._manners.thinks_seconds))
        try:
            button = self._people.button(self.user_id, message_id)
        except NothingToPress:
            return  # changed or deleted while the person was thinking
        seen = self._seen.setdefault(message_id, _Seen())
        name = str(button.get("callback_data") or button.get("url") or button["text"])
        if name in seen.buttons or len(seen.buttons) >= self._manners.presses_per_message:
            return
        seen.buttons.add(name)
        await self._press(message_id, button)

    async def _press(self, message_id: int, button: dict[str, Any]) -> None:
        self.presses += 1
        if "callback_data" in button:
            self._people.press(self.user_id, message_id)
        elif "url" in button:
            await self.open_page(str(button["url"]))

    async def open_page(self, url: str) -> None:
        """Opens a page and does there what has to be done. A page that fails is tried again, as people do."""
        self._log.note("page_opened", chat=self.user_id, path=urlsplit(url).path)
        for patience in PATIENCE_SECONDS:
            try:
                await self._visit(url)
            except BrowserStopped as e:
                log.info("page_left", reason=str(e))
                return
            except OSError:
                log.info("page_unreachable")
                await trio.sleep(patience)
            else:
                return

    async def _visit(self, url: str) -> None:
        page = await self._browser.open(url)
        if urlsplit(url).path.endswith(FORMS_TO_SUBMIT):
            page = await self._browser.submit(page, {"login": self._manners.login})
        if page.status == 0 and "code=" in page.url:
            # The browser can't reach the daemon: the person copies the address out of it, as the bot has told them.
            self._people.send_text(self.user_id, page.url)
        elif page.status >= 500 or page.status == 0:
            raise ConnectionError
