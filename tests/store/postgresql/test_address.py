"""A URL is taken apart, looked up without holding up the loop, and never repeated with its password."""

from __future__ import annotations

import socket

import pytest
import trio
from psycopg.conninfo import conninfo_to_dict

from store.errors import StoreError, StoreUnavailable
from store.postgresql.address import parse_address

CANARY = "canary-5f2c"


class Names(trio.abc.HostnameResolver):
    """Knows some names."""

    def __init__(self, known):
        self.known = known

    async def getaddrinfo(self, host, port, family=0, type=0, proto=0, flags=0):  # noqa: A002 - Trio's name for it
        name = host.decode() if isinstance(host, bytes) else host
        if name not in self.known:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, type, 6, "", (address, int(port))) for address in self.known[name]]

    async def getnameinfo(self, sockaddr, flags):
        raise NotImplementedError


@pytest.fixture
async def names():
    known = {}
    trio.socket.set_custom_hostname_resolver(Names(known))
    yield known
    trio.socket.set_custom_hostname_resolver(None)


async def attempts(url):
    return [conninfo_to_dict(attempt) for attempt in await parse_address(url).attempts()]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            f"postgresql://aurora:{CANARY}@db.example:5433/jobs?sslmode=require",
            "postgresql://aurora@db.example:5433/jobs",
        ),
        (f"postgres://db.example/jobs?user=a&password={CANARY}", "postgresql://a@db.example/jobs"),
        ("postgresql:///jobs?host=/run/postgresql", "postgresql:///jobs"),
        ("postgresql://h1:1,h2:2/jobs", "postgresql://h1,h2:1,2/jobs"),
    ],
)
def test_address_is_shown_without_password_and_parameters(url, shown):
    address = parse_address(url)
    assert str(address) == shown
    assert CANARY not in repr(address)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://a:{CANARY}%zz@host/jobs",
        f"postgresql://a:{CANARY}@[::1/jobs",
        f"postgresql://host/jobs?pasword={CANARY}",
        f"host=a password={CANARY}",
        "",
    ],
)
def test_wrong_url_is_refused_without_repeating_it(url):
    with pytest.raises(StoreError, match="must look like postgresql://") as caught:
        parse_address(url)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


async def test_name_is_looked_up_and_kept_for_the_certificate(names):
    names["db.example"] = ["192.0.2.1", "192.0.2.2"]
    found = await attempts("postgresql://db.example/jobs?sslmode=verify-full")
    assert [(one["host"], one["hostaddr"], one["port"]) for one in found] == [
        ("db.example", "192.0.2.1", "5432"),
        ("db.example", "192.0.2.2", "5432"),
    ]
    assert {one["sslmode"] for one in found} == {"verify-full"}


async def test_hosts_are_tried_in_the_order_of_the_url(names):
    names.update({"a.example": ["192.0.2.1"], "b.example": ["192.0.2.2"]})
    found = await attempts("postgresql://a.example:1,b.example:2/jobs")
    assert [(one["hostaddr"], one["port"]) for one in found] == [("192.0.2.1", "1"), ("192.0.2.2", "2")]
    found = await attempts("postgresql://a.example,b.example/jobs?port=7")
    assert [one["port"] for one in found] == ["7", "7"]


async def test_socket_in_a_folder_and_given_addresses_need_no_look_up(names):
    (found,) = await attempts("postgresql:///jobs?host=/run/postgresql")
    assert (found["host"], "hostaddr" in found) == ("/run/postgresql", False)
    (found,) = await attempts("postgresql://db.example/jobs?hostaddr=192.0.2.9")
    assert found["hostaddr"] == "192.0.2.9"


async def test_name_that_nobody_knows_makes_the_store_unavailable(names):
    with pytest.raises(StoreUnavailable, match=r"postgresql://a@nowhere.example/jobs: the name nowhere.example can't"):
        await attempts(f"postgresql://a:{CANARY}@nowhere.example/jobs")
