"""The move of a store, small: there and back through real processes, killed once each way."""

import pytest

from tests.contracts.backends import VERSIONS, cluster_or_skip
from tests.crash.moving import run


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_store_is_moved_to_a_server_and_back(version):
    cluster_or_skip(version)
    *tables, summary = run(400, 0, 1, version)
    assert "checksums equal" in summary
    assert any(line.startswith("effects") and "2400 rows" in line for line in tables)
