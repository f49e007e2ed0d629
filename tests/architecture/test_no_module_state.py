"""Nothing is kept in a module: state has an owner, settings and clocks are arguments."""

from __future__ import annotations

import ast

from tests.architecture.source_tree import source_files

MUTABLE_CALLS = {"dict", "list", "set", "defaultdict", "deque", "Counter", "OrderedDict", "bytearray"}
CHANGES = {"append", "add", "update", "pop", "clear", "extend", "insert", "remove", "setdefault", "discard", "popitem"}


def module_names(tree):
    """Names bound to something mutable at the top of a module."""
    for node in tree.body:
        value = getattr(node, "value", None)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        is_call = isinstance(value, ast.Call) and getattr(value.func, "id", "") in MUTABLE_CALLS
        if isinstance(value, ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp) or is_call:
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def changed_names(tree):
    """Names that some function changes in place or rebinds."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield from node.names
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGES:
            yield getattr(node.func.value, "id", None)
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            yield getattr(node.value, "id", None)


def test_no_module_keeps_state():
    kept = {file.name: sorted(set(module_names(file.tree)) & set(changed_names(file.tree))) for file in source_files()}
    assert {name: names for name, names in kept.items() if names} == {}


def test_no_function_rebinds_a_global():
    rebound = [
        file.name for file in source_files() if any(isinstance(node, ast.Global) for node in ast.walk(file.tree))
    ]
    assert rebound == []
