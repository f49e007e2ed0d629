"""Servers for the parts of the PostgreSQL backend: a schema of its own for each test, on each version."""

from __future__ import annotations

import pytest

from store.postgresql.address import parse_address
from store.postgresql.connection import Caller, open_connection
from tests.contracts.backends import VERSIONS, cluster_or_skip


@pytest.fixture(params=VERSIONS)
def server(request):
    """The shared cluster: nothing here may stop it."""
    return cluster_or_skip(request.param)


@pytest.fixture
def url(server):
    with server.new_schema() as url:
        yield url


@pytest.fixture
def address(url):
    return parse_address(url)


@pytest.fixture
def call():
    return Caller().call


@pytest.fixture
async def connection(address):
    opened = await open_connection(address)
    yield opened
    opened.drop()
