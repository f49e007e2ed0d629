"""The simulated board's site, as a browser sees it: letting an application in, captcha, a vacancy and its button.

Forms post to the address they stand at, so the site works below any mount point.
"""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from daemon.sandbox.hh_errors import Refusal, refuse_grant
from daemon.sandbox.hh_forms import BrokenForm, read_urlencoded
from daemon.sandbox.hh_search import first_value
from daemon.sandbox.service import ConnectionCut, Request, Response, answer_json

if TYPE_CHECKING:
    from daemon.sandbox.hh_applications import Applications
    from daemon.sandbox.hh_state import HhState
    from daemon.sandbox.hh_tokens import Tokens
    from daemon.sandbox.people import Person
    from daemon.sandbox.vacancy import BoardVacancy

TROUBLES = {
    "account is locked": "Аккаунт заблокирован. Напишите в поддержку.",
    "password invalidated": "Пароль устарел. Восстановите его на сайте.",
    "login not verified": "Аккаунт не подтверждён.",
}


class HhSite:
    """The site as a `Service`."""

    def __init__(self, state: HhState, tokens: Tokens, applications: Applications) -> None:
        self._state = state
        self._tokens = tokens
        self._applications = applications

    async def handle(self, request: Request) -> Response:
        """Answers one page or form."""
        try:
            return self._route(request)
        except Refusal as refusal:
            return refusal.answer

    def _route(self, request: Request) -> Response:
        path = request.path.rstrip("/") or "/"
        if path == "/oauth/authorize":
            return self._authorize(request)
        if path == "/oauth/token" and request.method == "POST":
            return answer_grant(self._tokens, request)
        if path == "/account/captcha":
            return self._captcha(request)
        if path.startswith("/vacancy/"):
            return self._vacancy(request, path.removeprefix("/vacancy/"))
        if path == "/applicant/vacancy_response":
            return self._vacancy(request, first_value(request.query, "vacancyId") or "")
        return _message(404, "Страница не найдена", "Проверьте адрес.")

    def _authorize(self, request: Request) -> Response:
        rules = self._state.rules
        if first_value(request.query, "client_id") != rules.client_id or self._state.switches.is_client_deleted:
            return _message(400, "Приложение не найдено", "account not found")
        if first_value(request.query, "response_type") != "code":
            return _message(400, "Неверный запрос", "unsupported response_type")
        address = first_value(request.query, "redirect_uri") or rules.redirect_uri
        if not address or not self._tokens.accepts_redirect(address):
            return _message(400, "Неверный адрес возврата", "bad redirect url")
        if request.method != "POST":
            return self._login_page(request)
        return self._decide(request, address)

    def _decide(self, request: Request, address: str) -> Response:
        form = _read_form(request)
        back = {"state": first_value(request.query, "state") or ""}
        if form.get("decision") == "deny":
            self._state.log("login_denied", at=self._state.clock.now())
            return _redirect(address, {"error": "access_denied", **back})
        person = self._state.person_by_login(form.get("login", ""))
        if person is None or form.get("decision") != "allow":
            return self._login_page(request, "Такого логина нет.")
        trouble = self._state.switches.account_trouble.get(person.person_id)
        if trouble:
            return self._login_page(request, TROUBLES.get(trouble, trouble))
        return _redirect(address, {"code": self._tokens.issue_code(person.person_id, address), **back})

    def _login_page(self, request: Request, error: str = "") -> Response:
        hint = first_value(request.query, "login_hint") or self._state.rules.default_login
        people = self._people_options(hint)
        notice = f'<p class="error">{escape(error)}</p>' if error else ""
        return show_page("login", "Вход — hh.ru", people=people, error=notice)

    def _people_options(self, chosen: str) -> str:
        known = self._state.person_by_login(chosen) if chosen else None
        return "".join(_option(person, is_chosen=person is known) for person in self._state.people.values())

    def _captcha(self, request: Request) -> Response:
        captcha_state = first_value(request.query, "state") or ""
        if captcha_state not in self._state.captchas:
            return _message(404, "Капча устарела", "Вернитесь в приложение и попробуйте ещё раз.")
        if request.method != "POST":
            return show_page("captcha", "Проверка — hh.ru")
        self._state.solve_captcha(captcha_state)
        back = first_value(request.query, "backurl") or ""
        if urlsplit(back).scheme in {"http", "https", "tg"}:
            return _redirect(back, {})
        return _message(200, "Спасибо!", "Можно возвращаться в приложение.")

    def _vacancy(self, request: Request, vacancy_id: str) -> Response:
        vacancy = self._state.vacancies.get(vacancy_id)
        if vacancy is None:
            return _message(404, "Вакансия не найдена", "Возможно, её удалили.")
        if request.method == "POST":
            return self._apply_by_hand(request, vacancy)
        note = "<p><b>Вакансия в архиве.</b></p>" if vacancy.is_archived else ""
        return show_page(
            "vacancy",
            f"{vacancy.title} — hh.ru",
            is_wide=True,
            name=escape(vacancy.title),
            pay=escape(describe_pay(vacancy)),
            employer=escape(vacancy.employer.name),
            area=escape(vacancy.area.name),
            note=note,
            action=f"?vacancyId={vacancy.vacancy_id}",
            people=self._people_options(self._state.rules.default_login),
            description=vacancy.html,
        )

    def _apply_by_hand(self, request: Request, vacancy: BoardVacancy) -> Response:
        form = _read_form(request)
        person = self._state.person_by_login(form.get("login", ""))
        if person is None or not person.resumes:
            return _message(400, "Нужно резюме", "Создайте резюме, чтобы откликнуться.")
        if vacancy.is_archived:
            return _message(403, "Вакансия в архиве", "Откликнуться уже нельзя.")
        resume_id = form.get("resume_id") or person.resumes[0].resume_id
        made = self._applications.apply_by_hand(person, vacancy.vacancy_id, resume_id, form.get("letter", ""))
        if made is None:
            return _message(200, "Вы уже откликались", "Работодатель видит ваш отклик.")
        return _message(200, "Отклик отправлен", "Удачи!")


def answer_grant(tokens: Tokens, request: Request) -> Response:
    """`POST /token`, at whichever of its addresses."""
    try:
        form = read_urlencoded(request)
    except BrokenForm:
        raise refuse_grant("invalid_request", "body must be application/x-www-form-urlencoded") from None
    return answer_json(tokens.answer_grant(form))


def show_page(template: str, title: str, *, is_wide: bool = False, **values: str) -> Response:
    """A page of the site. Values are put in as they are: whoever passes text escapes it."""
    content = _template(template).substitute(values)
    frame = {"title": escape(title), "content": content, "wide": ' class="wide"' if is_wide else ""}
    page = _template("page").substitute(frame)
    return Response(200, {"content-type": "text/html; charset=utf-8"}, page.encode())


def describe_pay(vacancy: BoardVacancy) -> str:
    """Pay as the site words it."""
    pay = vacancy.pay
    if pay is None:
        return "Уровень дохода не указан"
    ends = [f"от {pay.lower:,}" if pay.lower else "", f"до {pay.upper:,}" if pay.upper else ""]
    tax = {True: "до вычета налогов", False: "на руки", None: ""}[pay.gross]
    words = [*filter(None, ends), pay.currency, tax]
    return " ".join(word.replace(",", "\N{NO-BREAK SPACE}") for word in words if word)


@cache
def _template(name: str) -> Template:
    return Template((files("daemon.sandbox") / "hh_pages" / f"{name}.html").read_text(encoding="utf-8"))


def _option(person: Person, *, is_chosen: bool) -> str:
    selected = " selected" if is_chosen else ""
    name = escape(f"{person.first_name} {person.last_name}")
    return f'<option value="{escape(person.email)}"{selected}>{name}</option>'


def _message(status: int, headline: str, text: str) -> Response:
    page = show_page("message", f"{headline} — hh.ru", headline=escape(headline), text=escape(text))
    return Response(status, page.headers, page.body)


def _redirect(address: str, more: dict[str, str]) -> Response:
    parts = urlsplit(address)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *more.items()])
    return Response(302, {"location": urlunsplit(parts._replace(query=query))})


def _read_form(request: Request) -> dict[str, str]:
    try:
        return read_urlencoded(request)
    except BrokenForm as error:
        raise ConnectionCut from error
