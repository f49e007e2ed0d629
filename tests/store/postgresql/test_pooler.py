"""Behind PgBouncer: a session of our own is as good as the server itself; one that is lent to others is refused."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
import trio

from store.errors import StoreRefused, StoreUnavailable
from store.postgresql.address import parse_address
from store.postgresql.connection import open_connection
from tests.contracts.clusters import UNPRIVILEGED

CONFIG = """
[databases]
aurora = host={server} dbname=aurora
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = {mode}
default_pool_size = {size}
"""


@pytest.fixture(scope="module")
def program():
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        pytest.skip("no PgBouncer here")
    return found


@contextmanager
def pooling(program, server, mode, size=5):
    """The address of a pooler before this server. As root it runs as the server does, and refuses root too."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="pooler-", dir=server.folder))
    config = folder / "pgbouncer.ini"
    config.write_text(CONFIG.format(server=server.folder, port=port, folder=folder, mode=mode, size=size))
    (folder / "users").write_text('"aurora" ""\n')
    user = {}
    if os.geteuid() == 0:
        user = {"user": UNPRIVILEGED, "extra_groups": []}
        shutil.chown(folder, UNPRIVILEGED)
    process = subprocess.Popen([program, "-q", str(config)], cwd="/", **user)  # noqa: S603 - Debian's own program
    try:
        yield parse_address(f"postgresql://aurora@127.0.0.1:{port}/aurora")
    finally:
        process.terminate()
        process.wait(10)


@asynccontextmanager
async def reached(address, **how):
    """A connection, as soon as the pooler listens."""
    with trio.fail_after(10):
        while True:
            try:
                connection = await open_connection(address, **how)
                break
            except StoreRefused:
                raise
            except StoreUnavailable:
                await trio.sleep(0.02)
    try:
        yield connection
    finally:
        connection.drop()


async def test_session_of_a_pooler_is_a_session(program, server, call):
    with pooling(program, server, "session") as address:
        async with reached(address) as one, reached(address, is_reader=True) as other:
            ((backend, is_read_only),) = await one.fetch_all(
                call("SELECT pg_backend_pid(), current_setting('default_transaction_read_only')")
            )
            assert (one.backend, is_read_only) == (backend, "off")
            assert other.backend != one.backend
            await one.fetch_all(call("LISTEN words"))
            await other.run([call("SELECT pg_notify('words', 'said')")])
            with trio.fail_after(5):
                assert await one.wait_for_announcements() == [(other.backend, "said")]


@pytest.mark.parametrize("mode", ["transaction", "statement"])
async def test_session_that_a_pooler_lends_to_others_is_refused_with_the_mend(program, server, mode):
    with (
        pooling(program, server, mode) as address,
        pytest.raises(StoreRefused, match="set its pool_mode = session"),
    ):
        async with reached(address):
            pass


async def test_pooler_with_a_single_session_lends_it_to_nobody_else(program, server, call):
    with pooling(program, server, "session", size=1) as address:
        async with reached(address) as only:
            assert await only.fetch_all(call("SELECT 1")) == [(1,)]
