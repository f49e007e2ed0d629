"""A disk that fails when told to, beneath Python's own sqlite3: a VFS laid over the one it uses.

`sqlite3` has no call that registers a VFS, but the library it links has one, and ctypes reaches it through the module's
shared object. So the very SQLite the daemon runs on meets the fault, through the very same module; apsw would bring a
second SQLite and would have to be dressed up as the first.

The library keeps pointers to what is made here for ever, hence one disk per process (`the_disk`).
"""

from __future__ import annotations

import _sqlite3
import ctypes
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p, cast
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator

DiskFaultKind = Literal["error_once", "error_for_good", "full_once", "full_for_good", "short_write"]
"""error: whatever is asked fails · full: no write fits, all else works · short_write: half of it is written."""
KINDS: tuple[DiskFaultKind, ...] = get_args(DiskFaultKind)
Call = Literal["read", "write", "sync", "truncate", "delete", "map"]
"""map: the shared index of the log grows, which takes space like a write."""
CALLS: tuple[Call, ...] = get_args(Call)
WRITES = frozenset({"write", "map"})

OK, FULL = 0, 13
ERRORS: dict[str, int] = {
    call: 10 | detail << 8
    for call, detail in (("read", 1), ("write", 3), ("sync", 4), ("truncate", 6), ("delete", 10), ("map", 19))
}
"""SQLITE_IOERR with its details, as the VFS of Unix gives them."""

Open = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
Delete = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)
Transfer = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
Truncate = CFUNCTYPE(c_int, c_void_p, c_int64)
Sync = CFUNCTYPE(c_int, c_void_p, c_int)
Map = CFUNCTYPE(c_int, c_void_p, c_int, c_int, c_int, c_void_p)


class Vfs(Structure):
    """sqlite3_vfs."""

    _fields_ = (
        ("version", c_int),
        ("file_size", c_int),
        ("longest_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", c_void_p),
        ("delete", c_void_p),
        ("others", c_void_p * 14),
    )


class Methods(Structure):
    """sqlite3_io_methods."""

    _fields_ = (
        ("version", c_int),
        ("close", c_void_p),
        ("read", c_void_p),
        ("write", c_void_p),
        ("truncate", c_void_p),
        ("sync", c_void_p),
        ("size_to_device", c_void_p * 7),
        ("map", c_void_p),
        ("lock_to_unfetch", c_void_p * 5),
    )


@dataclass
class Strike:
    """What is planned, and what came of it."""

    kind: DiskFaultKind
    at: int
    """The number of the call that fails, from 1, among those this kind concerns."""
    seen: int = 0
    struck: list[Call] = field(default_factory=list)

    def concerns(self, call: Call) -> bool:
        return self.kind.startswith("error") or call in WRITES

    def hits(self, call: Call) -> bool:
        if not self.concerns(call):
            return False
        self.seen += 1
        is_hit = self.seen >= self.at if self.kind.endswith("for_good") else self.seen == self.at
        if is_hit:
            self.struck.append(call)
        return is_hit


class FaultyDisk:
    """Passes everything on to the real VFS, except what is planned to fail."""

    def __init__(self) -> None:
        self._library = library = ctypes.CDLL(_sqlite3.__file__)
        library.sqlite3_vfs_find.restype = POINTER(Vfs)
        library.sqlite3_vfs_find.argtypes = [c_char_p]
        library.sqlite3_vfs_register.argtypes = [POINTER(Vfs), c_int]
        self._real = library.sqlite3_vfs_find(None)
        self._methods: dict[int, Methods] = {}
        self._kept: list[object] = []
        self._open = Open(self._real.contents.open)
        self._delete = Delete(self._real.contents.delete)
        self._vfs = Vfs.from_buffer_copy(self._real.contents)
        self._vfs.next, self._vfs.name = None, b"faulty"
        self._vfs.open = self._keep(Open(self._open_file))
        self._vfs.delete = self._keep(Delete(self._delete_file))
        self._paths: dict[int, str] = {}
        self.strike: Strike | None = None
        self.counts = dict.fromkeys(CALLS, 0)
        self.durable: dict[str, bytes] = {}
        """What a power cut would leave of each file: its content when it was last synced."""

    @contextmanager
    def mounted(self) -> Iterator[FaultyDisk]:
        """Connections opened meanwhile are on this disk."""
        self._library.sqlite3_vfs_register(ctypes.byref(self._vfs), 1)
        self.counts = dict.fromkeys(CALLS, 0)
        self.durable = {}
        try:
            yield self
        finally:
            self.heal()
            self._library.sqlite3_vfs_register(self._real, 1)

    def arm(self, kind: DiskFaultKind, at: int) -> Strike:
        """The call of this number from now on fails."""
        self.strike = Strike(kind, at)
        return self.strike

    def heal(self) -> None:
        """The disk is well."""
        self.strike = None

    def _keep(self, function: object) -> int | None:
        self._kept.append(function)
        return cast(function, c_void_p).value  # type: ignore[arg-type]  # a function pointer is one too

    def _fails(self, call: Call) -> int:
        """The error of this call, or 0."""
        self.counts[call] += 1
        strike = self.strike
        if strike is None or not strike.hits(call):
            return OK
        return ERRORS[call] if strike.kind.startswith("error") else FULL

    def _open_file(self, _vfs: int, name: int, file: int, flags: int, out_flags: int) -> int:
        code = self._open(ctypes.addressof(self._real.contents), name, file, flags, out_flags)
        if code == OK:
            methods = cast(file, POINTER(c_void_p))
            methods[0] = ctypes.addressof(self._faulty(methods[0]))
            self._paths[file] = path_at(name)
        return code

    def _delete_file(self, _vfs: int, name: int, syncs: int) -> int:
        code = self._fails("delete") or self._delete(ctypes.addressof(self._real.contents), name, syncs)
        if code == OK:
            self.durable.pop(path_at(name), None)
        return code

    def _faulty(self, address: int) -> Methods:
        """The table of a file's methods with ours in it, made once for each table there is."""
        if address not in self._methods:
            real = Methods.from_address(address)
            methods = Methods.from_buffer_copy(real)
            methods.read = self._keep(self._reading(Transfer(real.read)))
            methods.write = self._keep(self._writing(Transfer(real.write)))
            methods.truncate = self._keep(self._truncating(Truncate(real.truncate)))
            methods.sync = self._keep(self._syncing())
            if real.version > 1 and real.map:
                methods.map = self._keep(self._mapping(Map(real.map)))
            self._methods[address] = methods
        return self._methods[address]

    def _reading(self, real):
        return Transfer(lambda *asked: self._fails("read") or real(*asked))

    def _writing(self, real):
        def write(file: int, data: int, amount: int, offset: int) -> int:
            code = self._fails("write")
            if code == OK:
                return real(file, data, amount, offset)
            if self.strike is not None and self.strike.kind == "short_write":
                real(file, data, amount // 2, offset)
            return code

        return Transfer(write)

    def _truncating(self, real):
        return Truncate(lambda *asked: self._fails("truncate") or real(*asked))

    def _syncing(self):
        def sync(file: int, _flags: int) -> int:
            # The platter is left alone: what would be on it is remembered here.
            code = self._fails("sync")
            path = self._paths.get(file)
            if code == OK and path:
                self.durable[path] = Path(path).read_bytes()
            return code

        return Sync(sync)

    def _mapping(self, real):
        def grow(file: int, region: int, size: int, extends: int, address: int) -> int:
            return (self._fails("map") if extends else OK) or real(file, region, size, extends, address)

        return Map(grow)


def path_at(name: int | None) -> str:
    """The path SQLite hands over; temporary files have none."""
    return ctypes.string_at(name).decode() if name else ""


@cache
def the_disk() -> FaultyDisk:
    """The one of this process."""
    return FaultyDisk()
