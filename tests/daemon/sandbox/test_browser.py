"""A person's browser: redirects, forms, and no step off this machine."""

from __future__ import annotations

from urllib.parse import parse_qs

import httpx2
import pytest

from daemon.sandbox.browser import Browser, BrowserStopped, check_loopback, fetch_with
from daemon.sandbox.server import serve_on_loopback
from daemon.sandbox.service import Response

HOME = "http://127.0.0.1:1"
FORM = """<form method="post" action="/done?x=1"><input name="a" value="1"><input type="checkbox" name="no" value="2">
<input type="radio" name="r" value="3" checked><input type="button" name="s" value="never"><textarea name="t">hi</textarea>
<select name="who"><option value="p1">A</option><option value="p2" selected>B</option></select>
<select name="first"><option value="f1">A</option></select><button name="decision" value="allow">ok</button></form>"""


class Site:
    """Pages by path, and what was asked."""

    def __init__(self, **pages: Response) -> None:
        self.pages = {f"/{name}": page for name, page in pages.items()}
        self.asked: list[tuple[str, str, bytes]] = []

    async def fetch(self, method, url, headers, body):
        self.asked.append((method, url, body))
        return self.pages.get("/" + url.partition("//")[2].partition("/")[2].partition("?")[0], Response(404))


def to(url, status=302):
    return Response(status, {"location": url})


async def test_redirects_are_followed_to_the_end():
    site = Site(a=to("/b"), b=to(f"{HOME}/c?d=1", 303), c=Response(200, body=b"here"))
    page = await Browser(site.fetch).open(f"{HOME}/a")
    assert (page.url, page.status, page.body) == (f"{HOME}/c?d=1", 200, "here")


async def test_a_circle_of_redirects_ends():
    with pytest.raises(BrowserStopped, match="too many"):
        await Browser(Site(a=to("/a")).fetch).open(f"{HOME}/a")


@pytest.mark.parametrize(
    "url", ["https://hh.ru/", "http://example.com/", "file:///etc/passwd", "http://127.0.0.1.example.com/"]
)
async def test_another_machine_is_never_asked(url):
    site = Site(a=to(url))
    with pytest.raises(BrowserStopped):
        await Browser(site.fetch).open(url)
    if url.startswith("http"):
        with pytest.raises(BrowserStopped):
            await Browser(site.fetch).open(f"{HOME}/a")
    assert all(asked.startswith(HOME) for _, asked, _ in site.asked)
    check_loopback("http://localhost:8080/x")


async def test_a_link_to_another_program_ends_the_trip():
    page = await Browser(Site(a=to("tg://resolve?domain=x")).fetch).open(f"{HOME}/a")
    assert (page.status, page.url) == (0, "tg://resolve?domain=x")


async def test_a_form_is_sent_as_it_stands_with_its_first_button():
    site = Site(form=Response(200, body=FORM.encode()), done=to("/end"), end=Response(200, body=b"end"))
    browser = Browser(site.fetch)
    page = await browser.submit(await browser.open(f"{HOME}/form"), {"who": "p9"})
    assert page.body == "end"
    method, url, body = site.asked[1]
    assert (method, url) == ("POST", f"{HOME}/done?x=1")
    sent = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    assert sent == {"a": "1", "r": "3", "t": "hi", "who": "p9", "first": "f1", "decision": "allow"}
    assert site.asked[2][0] == "GET"


async def test_a_form_without_a_method_is_asked_for():
    site = Site(form=Response(200, body=b'<form><input name="q" value="x y"></form>'))
    browser = Browser(site.fetch)
    await browser.submit(await browser.open(f"{HOME}/form"))
    assert site.asked[1][:2] == ("GET", f"{HOME}/form?q=x+y")


async def test_a_page_without_a_form_cannot_be_sent():
    browser = Browser(Site(a=Response(200, body=b"no form")).fetch)
    with pytest.raises(BrowserStopped, match="no form"):
        await browser.submit(await browser.open(f"{HOME}/a"))


async def test_an_address_out_of_reach_is_shown_and_not_asked():
    site = Site(a=to("http://127.0.0.1:2/oauth/hh/callback?code=c&state=s"))
    page = await Browser(site.fetch, stop_before="http://127.0.0.1:2/").open(f"{HOME}/a")
    assert (page.status, page.url) == (0, "http://127.0.0.1:2/oauth/hh/callback?code=c&state=s")
    assert len(site.asked) == 1


class Hello:
    async def handle(self, request):
        return Response(200, {"x": "y"}, f"hello {request.headers['user-agent']}".encode())


async def test_the_network_is_a_fetch():
    async with httpx2.AsyncClient() as client:
        browser = Browser(fetch_with(client))
        async with serve_on_loopback(Hello()) as port:
            page = await browser.open(f"http://127.0.0.1:{port}/")
            assert page.body.startswith("hello Mozilla")
        with pytest.raises(ConnectionError):
            await browser.open(f"http://127.0.0.1:{port}/")
