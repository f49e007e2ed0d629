"""What all pages have in common: which there are, limits, headers, and that an error shows nothing."""

from __future__ import annotations

import pytest

from tests.daemon.web.http import fetch, open_door


@pytest.mark.parametrize("path", ["/", "/admin", "/oauth/hh", "/../etc/passwd", "/healthz/x"])
async def test_other_pages_are_not_there(path):
    async with open_door() as door:
        assert (await fetch(door.port, path)).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_other_methods_are_refused(method):
    async with open_door() as door:
        assert (await fetch(door.port, "/oauth/hh/callback", method=method, body=b"x")).status == 405


async def test_large_body_is_refused_unread():
    async with open_door() as door:
        assert (await fetch(door.port, "/healthz", method="POST", body=b"x" * 1_000_000)).status == 413


async def test_metrics_page_is_prometheus_text():
    async with open_door(page=lambda: b"aurora_updates_total 1\n") as door:
        reply = await fetch(door.port, "/metrics")
        assert (reply.status, reply.body) == (200, b"aurora_updates_total 1\n")
        assert reply.headers["content-type"].startswith("text/plain")


async def test_every_page_keeps_to_itself():
    async with open_door() as door:
        for path in ("/healthz", "/readyz", "/metrics", "/oauth/hh/callback", "/nowhere"):
            headers = (await fetch(door.port, path)).headers
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cache-control"] == "no-store"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "server" not in headers


async def test_failing_page_shows_nothing(expected_errors):
    def fail():
        raise ValueError("private")

    async with open_door(page=fail) as door:
        reply = await fetch(door.port, "/metrics")
        assert (reply.status, "private" in reply.text) == (500, False)
        assert (await fetch(door.port, "/healthz")).status == 200
    assert "web_page_failed" in [line["event"] for line in expected_errors]
