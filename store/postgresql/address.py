"""Where the database is: its URL, taken apart once, and shown to nobody with its password.

Names are looked up by Trio: libpq would hold up the loop for as long as a name server likes. A URL may name several
hosts (`host1,host2` with `target_session_attrs=read-write`): they are tried in turn, each address with a deadline.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg
import trio
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from store.errors import StoreError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMES = ("postgresql://", "postgres://")
_PORT = "5432"


@dataclass(frozen=True, slots=True)
class Address:
    """libpq's parameters. Its text is fit for logs."""

    parameters: Mapping[str, str] = field(repr=False)
    shown: str

    def __str__(self) -> str:
        return self.shown

    async def attempts(self) -> list[str]:
        """What to try, in this order: a connection string for each address. Raises `StoreUnavailable`."""
        hosts = self.parameters.get("host", "").split(",")
        ports = self.parameters.get("port", "").split(",")
        if len(ports) != len(hosts):
            ports = ports[:1] * len(hosts)
        found = []
        for host, port in zip(hosts, ports, strict=True):
            found += [
                make_conninfo("", **{**self.parameters, **place}) for place in await self._look_up(host, port or _PORT)
            ]
        return found

    async def _look_up(self, host: str, port: str) -> list[dict[str, str]]:
        place = {"host": host, "port": port} if host else {"port": port}
        if not host or host.startswith(("/", "@")) or "hostaddr" in self.parameters:
            return [place]
        try:
            infos = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise StoreUnavailable(f"{self}: the name {host} can't be looked up ({error.strerror})") from None
        return [{**place, "hostaddr": str(info[4][0])} for info in infos]


def parse_address(url: str) -> Address:
    """The address in a URL. Raises `StoreError`, which does not repeat the URL: it may hold a password."""
    try:
        parameters = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.Error:
        parameters = None
    if parameters is None or not url.startswith(SCHEMES):
        raise StoreError("store.url must look like postgresql://user:password@host:5432/database?sslmode=verify-full")
    user = parameters.get("user")
    host = parameters.get("host", "")
    port = parameters.get("port", "")
    place = ("" if host.startswith(("/", "@")) else host) + (f":{port}" if port else "")
    shown = f"postgresql://{f'{user}@' if user else ''}{place}/{parameters.get('dbname', '')}"
    return Address(parameters, shown)
