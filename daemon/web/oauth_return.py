"""The board's authorize page sends the browser back here; what it carries goes to the person's dialog as one write.

The page a person sees is small, in their browser's language, and leads back to the bot. The code is worth a login: it
is in no page, no log line and, by the referrer policy, in no other site's log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from html import escape
from typing import TYPE_CHECKING

import structlog
from starlette.responses import HTMLResponse

from daemon.i18n.text import Text

if TYPE_CHECKING:
    from starlette.requests import Request

    from daemon.i18n.translate import Texts

log = structlog.get_logger(__name__)

LONGEST_STATE = 256
LONGEST_CODE = 4096
DEFAULT_LANGUAGE = "ru"
LANGUAGES = ("ru", "en")


class ReturnOutcome(StrEnum):
    """What became of a return."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """The person said no at the board; the dialog knows."""
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    TROUBLE = "trouble"
    """Ours: nothing was kept, the same address may be opened again."""


ClaimReturn = Callable[[str, str | None, str | None], Awaitable[ReturnOutcome]]
"""State, code, error: on disk when it returns. What it raises counts as `TROUBLE`."""

STATUSES = {
    ReturnOutcome.ACCEPTED: 200,
    ReturnOutcome.REFUSED: 200,
    ReturnOutcome.UNKNOWN: 404,
    ReturnOutcome.EXPIRED: 410,
    ReturnOutcome.USED: 410,
    ReturnOutcome.TROUBLE: 503,
}

PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>
body {{ font: 18px/1.5 system-ui, sans-serif; max-width: 30em; margin: 15vh auto; padding: 0 1em; color: #222; }}
a {{ display: inline-block; margin-top: 1em; padding: .6em 1.2em; border-radius: .6em; background: #2a7ae2;
color: #fff; text-decoration: none; }} @media (prefers-color-scheme: dark) {{ body {{ background: #1b1b1f;
color: #eee; }} }}
</style></head><body><h1>{title}</h1><p>{text}</p>{link}</body></html>
"""


class OauthReturn:
    """Answers `GET /oauth/hh/callback`."""

    def __init__(self, claim_return: ClaimReturn, texts: Texts, bot_link: Callable[[], str | None]) -> None:
        self._claim_return = claim_return
        self._texts = texts
        self._bot_link = bot_link
        """`https://t.me/our_bot`; None as long as the bot's name is not known."""

    async def answer(self, request: Request) -> HTMLResponse:
        """One return."""
        fields = request.query_params
        outcome = await self._claim(fields.get("state", ""), fields.get("code"), fields.get("error"))
        log.info("board_return", outcome=outcome.value)
        language = choose_language(request.headers.get("accept-language", ""))
        return HTMLResponse(self._make_page(outcome, language), STATUSES[outcome])

    async def _claim(self, state: str, code: str | None, error: str | None) -> ReturnOutcome:
        is_legal = 0 < len(state) <= LONGEST_STATE and len(code or "") <= LONGEST_CODE and bool(code or error)
        if not is_legal:
            return ReturnOutcome.UNKNOWN
        try:
            return await self._claim_return(state, code, error)
        except Exception as trouble:  # noqa: BLE001 - the edge of the request: the person gets a page that says so
            log.warning("board_return_not_kept", error=type(trouble).__name__)
            return ReturnOutcome.TROUBLE

    def _make_page(self, outcome: ReturnOutcome, language: str) -> str:
        link = self._bot_link()
        label = escape(self._texts.plain(Text("web.back_to_bot"), language))
        return PAGE.format(
            language=language,
            title=escape(self._texts.plain(Text(f"web.{outcome.value}_title"), language)),
            text=escape(self._texts.plain(Text(f"web.{outcome.value}"), language)),
            link=f'<a href="{escape(link)}">{label}</a>' if link else "",
        )


def choose_language(accept_language: str) -> str:
    """The first of ours that the browser names; browsers name them in order of liking."""
    for part in accept_language[:200].lower().split(","):
        name = part.partition(";")[0].strip().partition("-")[0]
        if name in LANGUAGES:
            return name
    return DEFAULT_LANGUAGE
