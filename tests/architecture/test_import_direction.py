"""Imports go down only: the contracts of `pyproject.toml`, and that they speak of every room there is."""

from __future__ import annotations

import tomllib

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests.architecture.source_tree import ROOT


def contracts():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def test_every_import_goes_down(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_every_room_of_the_daemon_is_in_a_layer():
    (rooms,) = [contract for contract in contracts() if contract.get("containers") == ["daemon"]]
    named = {name.strip("() ") for layer in rooms["layers"] for name in layer.split("|")}
    folder = ROOT / "daemon"
    present = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}
    assert present - {"__init__"} <= named


def test_contracts_are_exhaustive():
    assert all(contract["exhaustive"] for contract in contracts() if "containers" in contract)
