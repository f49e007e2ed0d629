"""Imports go down only: the contracts of `pyproject.toml`, and that they speak of every room there is."""

from __future__ import annotations

import subprocess
import sys
import tomllib

from tests.architecture.source_tree import ROOT


def contracts():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def test_every_import_goes_down():
    # In a process of its own: import-linter sets up logging anew and thereby disables every logger there is.
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_of_the_daemon_is_in_a_layer():
    (rooms,) = [contract for contract in contracts() if contract.get("containers") == ["daemon"]]
    named = {name.strip("() ") for layer in rooms["layers"] for name in layer.split("|")}
    folder = ROOT / "daemon"
    present = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}
    assert present - {"__init__"} <= named


def test_contracts_are_exhaustive():
    assert all(contract["exhaustive"] for contract in contracts() if "containers" in contract)
