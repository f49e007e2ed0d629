"""Every source file has its twin: `daemon/inbox/lanes.py` is tested by `tests/daemon/inbox/test_lanes.py`."""

from __future__ import annotations

from tests.architecture.source_tree import ROOT, source_files

HAS_NO_BEHAVIOUR = ("__init__.py",)


def twin_of(file):
    relative = file.path.relative_to(ROOT)
    return ROOT / "tests" / relative.parent / f"test_{relative.name}"


def test_every_source_file_has_its_twin():
    files = [file for file in source_files() if file.path.name not in HAS_NO_BEHAVIOUR]
    assert [file.name for file in files if not twin_of(file).is_file()] == []


def test_every_twin_has_tests():
    twins = [twin_of(file) for file in source_files() if twin_of(file).is_file()]
    empty = [twin for twin in twins if "def test_" not in twin.read_text(encoding="utf-8")]
    assert [str(twin.relative_to(ROOT)) for twin in empty] == []


def test_test_folders_mirror_rooms():
    for package in ("daemon", "store", "telegram_client"):
        for test in (ROOT / "tests" / package).rglob("test_*.py"):
            room = ROOT / test.parent.relative_to(ROOT / "tests")
            assert room.is_dir(), f"{test.relative_to(ROOT)} tests no room of the source"


def test_packages_of_tests_are_packages():
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []
