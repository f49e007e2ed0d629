"""`python -m daemon` as a process of its own: exit codes, and how long a start takes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CANARY = "123:canary-not-a-token"
HEAVY = ("asyncio", "hypercorn", "starlette", "httpx2", "cryptography", "babel", "rich", "pydantic", "structlog")


def run(*words, **environ):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(  # noqa: S603 - our own program with fixed words
        [sys.executable, "-m", "daemon", *words],
        cwd=ROOT,
        env=kept | {"PYTHONPATH": str(ROOT)} | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
def test_version_is_printed():
    done = run("version")
    assert (done.returncode, done.stdout) == (0, "aurora 0.1.0\n")


@pytest.mark.slow
def test_wrong_settings_exit_with_78_and_no_traceback():
    done = run("run", AURORA_TELEGRAM__TOKEN=CANARY)
    assert done.returncode == 78
    assert done.stderr.startswith("aurora: AURORA_TELEGRAM__TOKEN")
    assert CANARY not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("words", [("fly",), ("run", "--colour"), ("backup",), ("sandbox", "--port", "x")])
def test_wrong_usage_exits_with_2(words):
    assert run(*words).returncode == 2


@pytest.mark.slow
def test_short_commands_load_nothing_heavy():
    code = f"import sys, daemon.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_version_is_quick():
    run("version")
    began = time.perf_counter()
    run("version")
    assert time.perf_counter() - began < 2
