"""The source as the architecture tests see it: files, functions, sizes."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("daemon", "store", "telegram_client")
BRANCHES = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.IfExp,
    ast.comprehension,
    ast.Assert,
    ast.match_case,
)


@dataclass(frozen=True)
class SourceFile:
    """One Python file of the product or its tests."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"


@dataclass(frozen=True)
class Function:
    """One function or method with its measures."""

    place: str
    code_lines: int
    complexity: int


@cache
def source_files() -> tuple[SourceFile, ...]:
    return tuple(_read(path) for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))


@cache
def test_files() -> tuple[SourceFile, ...]:
    return tuple(_read(path) for path in sorted((ROOT / "tests").rglob("*.py")))


test_files.__test__ = False  # pytest would take it for a test by its name


def functions(file: SourceFile) -> list[Function]:
    found = [node for node in ast.walk(file.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lines = file.text.splitlines()
    return [Function(f"{file.name}:{node.name}", _code_lines(node, lines), _complexity(node)) for node in found]


def _read(path: Path) -> SourceFile:
    return SourceFile(path, path.read_text(encoding="utf-8"))


def _code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> int:
    """Lines of the body that are neither empty nor comment nor docstring."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    if not body:
        return 0
    code = lines[body[0].lineno - 1 : node.end_lineno]
    return sum(1 for line in code if line.strip() and not line.strip().startswith("#"))


def _complexity(node: ast.AST) -> int:
    total = 1
    for child in ast.walk(node):
        if isinstance(child, BRANCHES):
            total += 1
        elif isinstance(child, ast.BoolOp):
            total += len(child.values) - 1
    return total
