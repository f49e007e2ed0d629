"""Fingerprint of a script: tells whether an open dialog was begun with this very code.

Taken over the code objects of the script, of what is nested in it, of what its closure holds and of the functions of
its own package it names. Line numbers, file names and docstrings don't count: moving a script changes
nothing. Stable over runs: sets inside code are sorted, because their order follows the process's hash seed.
"""

from __future__ import annotations

import dis
import functools
import hashlib
import inspect
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def fingerprint_of(script: Callable[..., Any]) -> str:
    """A short hex string; equal for equal code in every process of the same Python version."""
    digest = hashlib.sha256()
    functions = list(_functions_of(script))
    home = functions[0].__module__.rpartition(".")[0] if functions else ""
    seen: set[types.CodeType] = set()
    while functions:
        function = functions.pop(0)
        if function.__code__ in seen:
            continue
        seen.add(function.__code__)
        digest.update(repr(_shape_of(function.__code__)).encode())
        functions.extend(_neighbours_of(function, home))
    return digest.hexdigest()[:16]


def _functions_of(value: object) -> Iterator[types.FunctionType]:
    """The plain function below partials and bound methods; for other callables their class's `__call__`."""
    while isinstance(value, functools.partial):
        value = value.func
    if isinstance(value, types.MethodType):
        value = value.__func__
    if isinstance(value, types.FunctionType):
        yield inspect.unwrap(value)


def _neighbours_of(function: types.FunctionType, home: str) -> Iterator[types.FunctionType]:
    """Functions of the same package that this one names, and those its closure holds."""
    for name in _names_in(function.__code__):
        for other in _functions_of(function.__globals__.get(name)):
            if home and other.__module__.rpartition(".")[0] == home:
                yield other
    for cell in function.__closure__ or ():
        try:
            held = cell.cell_contents
        except ValueError:  # not filled yet: a name defined further down
            continue
        yield from _functions_of(held)


def _names_in(code: types.CodeType) -> list[str]:
    """All global names of this code and what it nests, in order of appearance."""
    names = list(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names.extend(_names_in(constant))
    return names


def _shape_of(code: types.CodeType) -> tuple[Any, ...]:
    """What of a code object is behaviour, as plain values whose `repr` is stable.

    Instructions with their resolved arguments instead of raw bytes: a docstring shifts the numbers of all constants.
    """
    steps = ((step.opname, _argument(step.argval)) for step in dis.get_instructions(code))
    return (code.co_varnames[: code.co_argcount + code.co_kwonlyargcount], code.co_flags, *steps)


def _argument(value: object) -> Any:
    if isinstance(value, types.CodeType):
        return _shape_of(value)
    if isinstance(value, frozenset):
        return ("frozenset", *sorted(map(repr, value)))
    return repr(value)
