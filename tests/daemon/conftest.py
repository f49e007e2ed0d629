"""A server of PostgreSQL that a daemon's test may stop and freeze."""

from __future__ import annotations

import pytest

from tests.contracts.backends import VERSIONS, cluster_or_skip
from tests.contracts.clusters import Cluster

PASSWORD = "canary-5f2c"
"""The server asks for none; it is in the address so that it may show where it must not."""


@pytest.fixture(scope="module")
def server():
    """The oldest one promised; what differs between versions ends in the store, whose tests run on all."""
    cluster_or_skip(VERSIONS[0])
    made = Cluster(VERSIONS[0])
    yield made
    made.remove()


@pytest.fixture
def url(server):
    with server.new_schema() as url:
        yield f"{url}&password={PASSWORD}"


@pytest.fixture
def password():
    """What no log and no answer may show."""
    return PASSWORD
