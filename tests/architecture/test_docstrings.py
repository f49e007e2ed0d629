"""Every module says what it is, who calls it and which failure shaped it; every excuse for a linter has its reason."""

from __future__ import annotations

import ast
import re

from tests.architecture.source_tree import source_files, test_files

SHORTEST = 30
SHORTEST_MAP = 10
"""A room without files of its own to tell apart needs but a line."""
EXCUSE = re.compile(r"#\s*(noqa|type:\s*ignore)\b(?P<rest>.*)")
REASON = re.compile(r"(\s-\s|#\s)\s*\S.{3,}")


def test_every_module_says_what_it_is():
    said = {file.name: len(ast.get_docstring(file.tree) or "") for file in source_files()}
    poor = [name for name, length in said.items() if length < (SHORTEST_MAP if "__init__" in name else SHORTEST)]
    assert poor == []


def test_every_excuse_has_its_reason():
    bare = []
    for file in (*source_files(), *test_files()):
        for number, line in enumerate(file.text.splitlines(), 1):
            excuse = EXCUSE.search(line) if "noqa" in line or "ignore" in line else None
            if excuse is not None and file.path.name != "test_docstrings.py" and not REASON.search(excuse["rest"]):
                bare.append(f"{file.name}:{number}")
    assert bare == []
