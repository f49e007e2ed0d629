"""The URL decides about encryption, and a password travels to nobody but the server and is repeated nowhere."""

from __future__ import annotations

import pytest
import trustme

from daemon.sandbox.daemon_process import free_port
from store.errors import StoreRefused
from store.postgres import open_postgres
from tests.contracts.backends import cluster_or_skip
from tests.contracts.clusters import Cluster

PASSWORD = "canary-5f2c"


class Encrypted:
    """A cluster that is reached by encrypted connections with a password only."""

    def __init__(self, version, folder):
        authority = trustme.CA()
        self.root = folder / "root.pem"
        authority.cert_pem.write_to_path(self.root)
        self.other_root = folder / "other.pem"
        trustme.CA().cert_pem.write_to_path(self.other_root)
        self.port = free_port()
        self.cluster = Cluster(version)
        self.cluster.ask(f"ALTER ROLE aurora PASSWORD '{PASSWORD}'")
        certificate = authority.issue_cert("localhost")
        self.cluster.keep("server.key", certificate.private_key_pem.bytes())
        self.cluster.keep("server.pem", certificate.cert_chain_pems[0].bytes())
        self.cluster.configure(
            f"listen_addresses = '127.0.0.1'\nport = {self.port}\nssl = on\n"
            f"ssl_cert_file = '{self.cluster.folder}/server.pem'\nssl_key_file = '{self.cluster.folder}/server.key'\n",
            access="local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n",
        )

    def url(self, password=PASSWORD, **parameters):
        """By a name and its address, so that no look-up of this machine is in the way."""
        asked = "&".join(f"{name}={value}" for name, value in parameters.items())
        return f"postgresql://aurora:{password}@localhost:{self.port}/aurora?hostaddr=127.0.0.1&{asked}"


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory):
    """On 15 only: the server in the wheel of 18 was built without encryption."""
    cluster_or_skip(15)
    made = Encrypted(15, tmp_path_factory.mktemp("tls"))
    yield made
    made.cluster.remove()


async def test_connections_to_a_server_that_proves_its_name_are_encrypted(encrypted):
    async with open_postgres(encrypted.url(sslmode="verify-full", sslrootcert=encrypted.root)) as database:
        assert await database.fetch_one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == (True,)
        async with database.transaction() as transaction:
            assert await transaction.fetch_one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == (True,)


@pytest.mark.parametrize("wrong", ["authority", "password", "no encryption"])
async def test_start_is_refused_without_repeating_the_password(encrypted, wrong):
    url = {
        "authority": encrypted.url(sslmode="verify-full", sslrootcert=encrypted.other_root),
        "password": encrypted.url(password=f"{PASSWORD}-wrong", sslmode="require"),
        "no encryption": encrypted.url(sslmode="disable"),
    }[wrong]
    with pytest.raises(StoreRefused, match=f"postgresql://aurora@localhost:{encrypted.port}/aurora") as caught:
        async with open_postgres(url):
            pass
    assert PASSWORD not in str(caught.value)
