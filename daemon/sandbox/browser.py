"""A person's browser, as far as a hunt needs one: opens pages, follows redirects, presses the button of a form.

The scripted person opens the board's login page with it and comes back through the daemon's own door. It never leaves
this machine: an address that is not loopback is refused, whatever a bot or a page says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

import httpx2
from selectolax.lexbor import LexborHTMLParser

from daemon.sandbox.service import Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from selectolax.lexbor import LexborNode

    Fetch = Callable[[str, str, Mapping[str, str], bytes], Awaitable[Response]]
    """Method, address, headers, body; no redirect is followed."""

MAX_REDIRECTS = 10
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class BrowserStopped(Exception):
    """The browser does not go there."""


@dataclass(frozen=True, slots=True)
class Page:
    """Where the browser ended up, and what it shows."""

    url: str
    status: int
    body: str


def fetch_with(client: httpx2.AsyncClient) -> Fetch:
    """The network as a browser's `fetch`; a server that is not there is `ConnectionError`, as everywhere."""

    async def fetch(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        try:
            answer = await client.request(method, url, headers=dict(headers), content=body, follow_redirects=False)
        except httpx2.TransportError as e:
            raise ConnectionError(type(e).__name__) from e
        return Response(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, answer.content)

    return fetch


class Browser:
    """One browser window without memory: the simulated board asks who one is every time."""

    def __init__(self, fetch: Fetch, *, stop_before: str = "") -> None:
        self._fetch = fetch
        self._stop_before = stop_before
        """An address prefix that this browser can't reach: it shows the address and nothing else (a remote daemon)."""

    async def open(self, url: str) -> Page:
        """Opens an address and follows redirects."""
        return await self._go("GET", url)

    async def submit(self, page: Page, choices: Mapping[str, str] | None = None) -> Page:
        """Fills the page's first form with `choices`, leaves the rest as it stands, presses its first button."""
        form = LexborHTMLParser(page.body).css_first("form")
        if form is None:
            raise BrowserStopped("there is no form on this page")
        fields = _fields_of(form) | dict(choices or {})
        target = urljoin(page.url, form.attributes.get("action") or page.url)
        if (form.attributes.get("method") or "get").lower() != "post":
            return await self._go("GET", f"{target.partition('?')[0]}?{urlencode(fields)}")
        return await self._go("POST", target, urlencode(fields).encode())

    async def _go(self, method: str, url: str, body: bytes = b"") -> Page:
        for _ in range(MAX_REDIRECTS):
            if self._stop_before and url.startswith(self._stop_before):
                return Page(url, 0, "")
            check_loopback(url)
            headers = {"accept": "text/html", "user-agent": "Mozilla/5.0 (simulated person)"}
            if body:
                headers["content-type"] = "application/x-www-form-urlencoded"
            answer = await self._fetch(method, url, headers, body)
            if answer.status not in {301, 302, 303, 307, 308}:
                return Page(url, answer.status, answer.body.decode(errors="replace"))
            url = urljoin(url, answer.headers.get("location", ""))
            if urlsplit(url).scheme not in {"http", "https"}:
                return Page(url, 0, "")  # tg:// and its like open another program
            if answer.status not in {307, 308}:
                method, body = "GET", b""
        raise BrowserStopped("too many redirects")


def check_loopback(url: str) -> None:
    """Raises `BrowserStopped` for an address of another machine."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        raise BrowserStopped("only loopback addresses are opened in the simulated world")


def _fields_of(form: LexborNode) -> dict[str, str]:
    """What a form would send if nobody touched it and its first button were pressed."""
    fields: dict[str, str] = {}
    for node in form.css("input, select, textarea"):
        name = node.attributes.get("name")
        value = _value_of(node)
        if name and value is not None:
            fields.setdefault(name, value)
    button = form.css_first('button, input[type="submit"]')
    if button is not None and (name := button.attributes.get("name")):
        fields[name] = button.attributes.get("value") or ""
    return fields


def _value_of(node: LexborNode) -> str | None:
    """A field's value; None when it is not sent."""
    if node.tag == "textarea":
        return node.text()
    if node.tag == "select":
        chosen = node.css_first("option[selected]") or node.css_first("option")
        return chosen.attributes.get("value") if chosen else None
    kind = (node.attributes.get("type") or "text").lower()
    if kind in {"submit", "button", "reset", "file"}:
        return None
    if kind in {"radio", "checkbox"} and "checked" not in node.attributes:
        return None
    return node.attributes.get("value") or ""
