"""HhApi: HTTP calls to hh.ru, one pace per token, and every way they can fail turned into a `BoardError`.

Called by `board.py` and `oauth.py`. Only an application may end as `UncertainOutcome`: all other calls can simply be
made again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import httpx2
import trio
from pydantic import ValidationError

from daemon.boards.board import (
    BoardBusy,
    BoardError,
    BoardTrouble,
    CaptchaRequired,
    DoorClosed,
    LetterRejected,
    LimitReached,
    LoginExpired,
    LoginLost,
    NotApplicable,
    ResumeGone,
    TokenStillValid,
    UncertainOutcome,
)
from daemon.boards.hh.answers import ErrorBody
from daemon.boards.hh.refusals import UNKNOWN, Act, Verdict, find_token_verdict, find_verdict
from daemon.http_client import Answer, AnswerLost, NotSent, send

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from daemon.boards.hh.pace import Pacer
    from daemon.config import HhSettings
    from daemon.metrics import NoteCall
    from daemon.secret import Secret

_BUSY_SECONDS = 10.0
_TOO_EARLY_SECONDS = 300.0
"""The application's token may be asked for every five minutes."""

_WORDS = frozenset({"me", "negotiations", "oauth", "resumes", "mine", "resumes_by_status", "token", "vacancies"})
"""What an address is made of beside ids."""

Parameters = list[tuple[str, str | int | float | bool | None]]


@dataclass(frozen=True, slots=True)
class Posted:
    """What the board did with a form: the address of what was made, if it told one."""

    location: str


class HhApi:
    """The board's HTTP interface."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        settings: HhSettings,
        pacer: Pacer,
        captcha_return_url: str,
        note_call: NoteCall = lambda *_: None,
    ) -> None:
        self._http = http
        self._url = settings.api_url.rstrip("/")
        self._base_path = urlsplit(self._url).path
        self._agent = {"User-Agent": settings.user_agent, "HH-User-Agent": settings.user_agent}
        self._pacer = pacer
        self._captcha_return_url = captcha_return_url
        self._note_call = note_call

    async def get(
        self,
        path: str,
        token: Secret,
        parameters: Parameters | None = None,
        *,
        if_missing: Callable[[], BoardError] = BoardTrouble,
    ) -> object:
        """An answer's JSON. Raises `BoardError`; `if_missing` says what a 404 means here."""
        answer = await self._exchange(self._request("GET", path, token, params=parameters), token)
        if answer.status == 404:
            raise if_missing()
        if not 200 <= answer.status < 300:
            raise self._refusal(answer, may_be_done=False)
        if (value := answer.json()) is None:
            raise BoardTrouble(f"the board answered {path} with something that is not JSON")
        return value

    async def delete(self, path: str, token: Secret) -> None:
        """Deletes; the answer's body does not matter."""
        answer = await self._exchange(self._request("DELETE", path, token), token)
        if not 200 <= answer.status < 300:
            raise self._refusal(answer, may_be_done=False)

    async def post_form(self, path: str, token: Secret, fields: Mapping[str, str]) -> Posted:
        """Sends a multipart form that must not be sent twice. Raises `UncertainOutcome` when it may have arrived.

        A form that is answered "exists already" counts as posted.
        """
        files: Sequence[tuple[str, tuple[None, str]]] = [(name, (None, value)) for name, value in fields.items()]
        try:
            answer = await self._exchange(self._request("POST", path, token, files=files), token)
        except BoardTrouble as error:
            if isinstance(error.__cause__, AnswerLost):
                raise UncertainOutcome(str(error)) from None
            raise
        if 200 <= answer.status < 300:
            return Posted(answer.headers.get("location", ""))
        if answer.status == 303:
            raise NotApplicable("direct", url=answer.headers.get("location"))
        if _verdict(answer).act is Act.DONE:
            return Posted("")
        raise self._refusal(answer, may_be_done=True)

    async def fetch_tokens(self, fields: Mapping[str, str]) -> object:
        """Asks the token endpoint, which has its own errors and needs no token."""
        request = self._request("POST", "/token", None, data=dict(fields))
        # Paced by what is exchanged: a thousand logins that expire together must not wait for one another.
        answer = await self._exchange(request, fields.get("refresh_token") or fields.get("code") or "application")
        if answer.status == 200:
            return answer.json()
        verdict = _token_verdict(answer)
        if verdict.act is Act.TEMPORARY:
            raise BoardBusy(verdict.reason, retry_after_seconds=_TOO_EARLY_SECONDS)
        if verdict is not UNKNOWN:
            raise _ERRORS[verdict.act](verdict.reason)
        raise self._refusal(answer, may_be_done=False)

    def _request(
        self,
        method: str,
        path: str,
        token: Secret | None,
        *,
        params: Parameters | None = None,
        data: Mapping[str, str] | None = None,
        files: Sequence[tuple[str, tuple[None, str]]] | None = None,
    ) -> httpx2.Request:
        headers = dict(self._agent)
        if token is not None:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        query = httpx2.QueryParams(params) if params else None
        return self._http.build_request(method, self._url + path, params=query, data=data, files=files, headers=headers)

    async def _exchange(self, request: httpx2.Request, pace_key: Secret | str) -> Answer:
        await self._pacer.wait_turn(pace_key)
        started, outcome = trio.current_time(), "cut_off"
        try:
            answer = await send(self._http, request)
            outcome = "429" if answer.status == 429 else f"{answer.status // 100}xx"
        except (NotSent, AnswerLost) as error:
            outcome = "not_sent" if isinstance(error, NotSent) else "answer_lost"
            raise BoardTrouble(f"{request.method} {request.url.path}: {error}") from error
        finally:
            self._note_call("hh", self._name_call(request), outcome, trio.current_time() - started)
        if answer.status == 429:
            self._pacer.hold(pace_key, answer.retry_after_seconds or _BUSY_SECONDS)
        return answer

    def _name_call(self, request: httpx2.Request) -> str:
        # `GET /vacancies/-`: only known words stand in it, so that no id can become a label of a figure.
        words = request.url.path.removeprefix(self._base_path).strip("/").split("/")
        return f"{request.method} /{'/'.join(word if word in _WORDS else '-' for word in words)}"

    def _refusal(self, answer: Answer, *, may_be_done: bool) -> BoardError:
        verdict = _verdict(answer)
        if verdict.act is Act.CAPTCHA:
            return self._captcha(answer)
        if verdict is not UNKNOWN:
            return _ERRORS[verdict.act](verdict.reason)
        return _unlisted(answer, may_be_done=may_be_done)

    def _captcha(self, answer: Answer) -> BoardError:
        urls = [url for error in _error_body(answer).errors for url in (error.captcha_url, error.fallback_url) if url]
        if not urls:
            return BoardTrouble("the board wants a captcha solved and does not say where")
        if not self._captcha_return_url:
            return CaptchaRequired(urls[0])
        back = quote(self._captcha_return_url, safe="")
        return CaptchaRequired(f"{urls[0]}{'&' if urlsplit(urls[0]).query else '?'}backurl={back}")


_ERRORS: Mapping[Act, Callable[[str], BoardError]] = {
    Act.SKIP: NotApplicable,
    Act.LIMIT: lambda _: LimitReached(),
    Act.REFRESH: lambda _: LoginExpired(),
    Act.LOGIN_LOST: lambda reason: LoginLost(reason=reason),
    Act.DOOR_CLOSED: lambda reason: DoorClosed(reason or None),
    Act.RESUME_GONE: lambda _: ResumeGone(),
    Act.FIX_TEXT: LetterRejected,
    Act.STILL_VALID: lambda _: TokenStillValid(),
    Act.TEMPORARY: lambda reason: BoardBusy(reason, retry_after_seconds=_BUSY_SECONDS),
    # Only a form can be done already, and `post_form` has taken that for success before it comes here.
    Act.DONE: lambda _: BoardTrouble("the board says that this is done already"),
}


def _unlisted(answer: Answer, *, may_be_done: bool) -> BoardError:
    message = f"the board answered {answer.status}"
    if answer.status == 429:
        return BoardBusy(message, retry_after_seconds=answer.retry_after_seconds or _BUSY_SECONDS)
    if answer.status == 401:
        return LoginExpired()
    # Without a word: what the API gives today to programs it does not want. No application comes out of that.
    if answer.status == 403 and not answer.body:
        return DoorClosed(message)
    if may_be_done:
        return UncertainOutcome(message)
    # A refusal in the board's own words closes a door; a page comes from some machine before the board and may pass.
    if answer.status == 403 and isinstance(answer.json(), dict):
        return DoorClosed(message)
    return BoardTrouble(message, retry_after_seconds=answer.retry_after_seconds)


def _error_body(answer: Answer) -> ErrorBody:
    try:
        return ErrorBody.model_validate(answer.json())
    except ValidationError:
        return ErrorBody()  # an HTML page, a list, nothing


def _verdict(answer: Answer) -> Verdict:
    # Behind a 5xx stands a broken machine, whatever its body says.
    return find_verdict(_error_body(answer)) if 400 <= answer.status < 500 else UNKNOWN


def _token_verdict(answer: Answer) -> Verdict:
    if not 400 <= answer.status < 500:
        return UNKNOWN
    body = _error_body(answer)
    return find_token_verdict(body.error, body.error_description)
