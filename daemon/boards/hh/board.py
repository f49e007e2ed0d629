"""HhBoard: the Board contract for hh.ru.

Called by accounts and autopilot through the protocol. What a field means stands in `mapping.py` and `resumes.py`, what
an error means in `refusals.py`, how fast it may go in `pace.py`.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog
import trio

from daemon.boards.board import (
    Application,
    BoardError,
    BoardTrouble,
    Capabilities,
    DoorClosed,
    Identity,
    LimitReached,
    NotApplicable,
    ResumeGone,
    SearchPage,
)
from daemon.boards.hh.answers import MeBody, PageBody, ResumesByStatusBody
from daemon.boards.hh.api import HhApi, Parameters
from daemon.boards.hh.mapping import (
    Unreadable,
    board_currency,
    read_application,
    read_body,
    read_created_at,
    read_vacancy,
)
from daemon.boards.hh.oauth import HhOauth
from daemon.boards.hh.pace import Pacer
from daemon.boards.hh.resumes import read_resume, read_resume_row
from store.ids import BoardName

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2

    from daemon.boards.board import Resume, ResumeSummary, SearchQuery, TokenPair, Vacancy
    from daemon.config import HhSettings
    from daemon.metrics import NoteCall
    from daemon.secret import Secret
    from store.ids import VacancyId

log = structlog.get_logger(__name__)

PAGE_SIZE = 100
MAX_DEPTH = 2_000
"""The board answers 400 beyond `page * per_page`."""

_MAX_LIST_PAGES = 20
_PAGES_OF_A_DAY = 3
"""The board's limit is 200 a day (hhru/api#817)."""
_LOOK_SECONDS = 5.0


class HhBoard:
    """hh.ru."""

    name = BoardName("hh")
    capabilities = Capabilities(can_search=True, can_list_resumes=True, can_apply=True, can_list_applications=True)

    def __init__(
        self,
        http: httpx2.AsyncClient,
        settings: HhSettings,
        *,
        captcha_return_url: str,
        rng: random.Random | None = None,
        note_call: NoteCall = lambda *_: None,
        count_sharers: Callable[[], int] = lambda: 1,
    ) -> None:
        """`captcha_return_url` is where a solved captcha leads; empty: the caller adds the way back itself.

        `count_sharers`: how many processes use the application's token now.
        """
        self._site_url = settings.site_url.rstrip("/")
        pacer = Pacer(settings.requests_per_second, rng or random.Random(), count_sharers=count_sharers)
        self._api = HhApi(http, settings, pacer, captcha_return_url, note_call)
        self._oauth = HhOauth(self._api, settings)

    def authorize_url(self, state: str, return_url: str) -> str:
        """Page at which the person lets us in."""
        return self._oauth.authorize_url(state, return_url)

    async def exchange_code(self, code: str, return_url: str) -> TokenPair:
        """Turns the code of a return into tokens."""
        return await self._oauth.exchange_code(code, return_url)

    async def refresh_tokens(self, refresh_token: Secret) -> TokenPair:
        """A new pair; the old refresh token is used up."""
        return await self._oauth.refresh_tokens(refresh_token)

    async def fetch_application_token(self) -> TokenPair:
        """The application's own token."""
        return await self._oauth.fetch_application_token()

    async def revoke_token(self, access_token: Secret) -> None:
        """Ends the login."""
        await self._oauth.revoke_token(access_token)

    async def fetch_identity(self, access_token: Secret) -> Identity:
        """Who this token belongs to."""
        body = _read(MeBody, await self._api.get("/me", access_token))
        return Identity(body.id, body.is_applicant or body.auth_type == "applicant")

    async def list_resumes(self, access_token: Secret) -> tuple[ResumeSummary, ...]:
        """The person's resumes; a row without an id is left out."""
        rows: list[ResumeSummary] = []
        for item in await self._list_all("/resumes/mine", access_token, []):
            try:
                rows.append(read_resume_row(item))
            except Unreadable as error:
                log.warning("resume_row_unreadable", board=self.name, reason=str(error))
        return tuple(rows)

    async def fetch_resume(self, access_token: Secret, resume_id: str) -> Resume:
        """One whole resume."""
        try:
            path = f"/resumes/{quote(resume_id, safe='')}"
            return read_resume(await self._api.get(path, access_token, if_missing=ResumeGone))
        except Unreadable as error:
            raise BoardTrouble(f"the resume can't be read: {error}") from None

    async def search(self, access_token: Secret, query: SearchQuery, page: int = 0) -> SearchPage:
        """One page of a search, newest first."""
        if page * PAGE_SIZE >= MAX_DEPTH:
            return SearchPage((), 0, MAX_DEPTH // PAGE_SIZE)
        body = _read(PageBody, await self._api.get("/vacancies", access_token, _search_parameters(query, page)))
        vacancies: list[Vacancy] = []
        reason = ""
        for item in body.items:
            try:
                vacancies.append(read_vacancy(item, self._site_url))
            except Unreadable as error:
                reason = str(error)
        if broken := len(body.items) - len(vacancies):
            # Loud: when the board changes its answers, hunts must not starve in silence.
            log.warning("vacancies_unreadable", board=self.name, broken=broken, of=len(body.items), reason=reason)
        return SearchPage(tuple(vacancies), body.found or 0, body.pages or 0, broken)

    async def fetch_vacancy(self, access_token: Secret, vacancy_id: VacancyId) -> Vacancy:
        """With its full text. A vacancy that can't be read is skipped for good: `NotApplicable`."""
        path = f"/vacancies/{quote(vacancy_id, safe='')}"
        raw = await self._api.get(path, access_token, if_missing=lambda: NotApplicable("vacancy_gone"))
        try:
            return read_vacancy(raw, self._site_url)
        except Unreadable:
            raise NotApplicable("unreadable") from None

    async def apply(self, access_token: Secret, resume_id: str, vacancy_id: VacancyId, letter: str) -> Application:
        """Applies with a letter; without one the field is left out."""
        fields = {"vacancy_id": str(vacancy_id), "resume_id": resume_id} | ({"message": letter} if letter else {})
        try:
            posted = await self._api.post_form("/negotiations", access_token, fields)
        except LimitReached:
            raise LimitReached(await self._list_latest(access_token)) from None
        external_id = posted.location.rstrip("/").rpartition("/")[2]
        return Application(external_id or None, vacancy_id, "response", None)

    async def _list_latest(self, access_token: Secret) -> tuple[int, ...]:
        """When the person's latest applications were made, a day's worth and more; empty where the board won't tell."""
        made_at: list[int] = []
        with trio.move_on_after(_LOOK_SECONDS):
            for page in range(_PAGES_OF_A_DAY):
                asked: Parameters = [("order_by", "created_at"), ("page", page), ("per_page", PAGE_SIZE)]
                try:
                    body = _read(PageBody, await self._api.get("/negotiations", access_token, asked))
                except BoardError as error:
                    log.info("applications_not_listed", board=self.name, error=type(error).__name__)
                    return ()
                made_at += [at for item in body.items if (at := read_created_at(item)) is not None]
                if page + 1 >= (body.pages or 1):
                    break
            return tuple(made_at)
        return ()

    async def find_application(
        self,
        access_token: Secret,
        resume_id: str,  # noqa: ARG002 - the contract's: other boards ask by resume
        vacancy_id: VacancyId,
    ) -> Application | None:
        """The person's application to this vacancy, with whatever resume.

        Two lists know of it. None only when none of them that can be read knows of one, and at least one was read:
        "none" makes the ledger apply again. A trouble that will pass is raised, never taken for an answer.
        """
        found, closed = await self._look_in_negotiations(access_token, vacancy_id)
        if found is not None:
            return found
        try:
            is_applied = await self._is_applied_by_status(access_token, vacancy_id)
        except DoorClosed:
            if closed is not None:
                raise closed from None
            return None
        return Application(None, vacancy_id, "response", None) if is_applied else None

    async def _look_in_negotiations(
        self, access_token: Secret, vacancy_id: VacancyId
    ) -> tuple[Application | None, BoardError | None]:
        """What the list knows, and why it could not be read."""
        try:
            items = await self._list_all("/negotiations", access_token, [("vacancy_id", str(vacancy_id))])
        except DoorClosed as error:
            return None, error
        unreadable = 0
        for item in items:
            try:
                if (found := read_application(item, vacancy_id)) is not None:
                    return found, None
            except Unreadable:
                unreadable += 1
        # One of those may be the one looked for.
        return None, BoardTrouble(f"{unreadable} applications can't be read") if unreadable else None

    async def _is_applied_by_status(self, access_token: Secret, vacancy_id: VacancyId) -> bool:
        path = f"/vacancies/{quote(vacancy_id, safe='')}/resumes_by_status"
        raw = await self._api.get(path, access_token, if_missing=DoorClosed)
        return bool(_read(ResumesByStatusBody, raw).already_applied)

    async def _list_all(self, path: str, access_token: Secret, parameters: Parameters) -> list[Any]:
        items: list[Any] = []
        for page in range(_MAX_LIST_PAGES):
            asked = [*parameters, ("page", page), ("per_page", PAGE_SIZE)]
            body = _read(PageBody, await self._api.get(path, access_token, asked, if_missing=DoorClosed))
            items += body.items
            if page + 1 >= (body.pages or 1):
                return items
        raise BoardTrouble(f"{path} has more than {_MAX_LIST_PAGES} pages")


def _read(shape: type[Any], raw: object) -> Any:
    try:
        return read_body(shape, raw)
    except Unreadable as error:
        raise BoardTrouble(f"the board's answer can't be read: {error}") from None


def _search_parameters(query: SearchQuery, page: int) -> Parameters:
    parameters: Parameters = [("text", query.text), ("order_by", "publication_time")]
    parameters += [("page", page), ("per_page", PAGE_SIZE)]
    if query.area:
        parameters.append(("area", query.area))
    if query.experience:
        parameters.append(("experience", query.experience))
    if query.salary is not None:
        parameters += [("salary", query.salary), ("currency", board_currency(query.currency or "RUB"))]
    if query.is_remote:
        parameters.append(("work_format", "REMOTE"))
    if query.excluded_words:
        parameters.append(("excluded_text", ",".join(query.excluded_words)))
    return parameters
