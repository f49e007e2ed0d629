"""The command line, in this process: what each command does with settings and errors."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from typer.testing import CliRunner

from daemon.checks import FAILED, OFF, OK, CheckResult
from daemon.cli import app

TOKEN = "123456:" + "a" * 35


@pytest.fixture
def aurora(tmp_path, monkeypatch):
    """Runs one command line with the store in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    environ = {"AURORA_TELEGRAM__TOKEN": TOKEN, "STATE_DIRECTORY": str(tmp_path)}

    def run(*words, **more):
        return CliRunner().invoke(app, list(words), env=environ | more)

    return run


@pytest.fixture
def stand_in(monkeypatch):
    """Puts a function in the place of a module that is not loaded yet; returns what it was called with."""

    def put(module, function, result=0):
        calls = []
        fake = ModuleType(module)

        def called(*args, **options):
            calls.append((args, options))
            return result

        setattr(fake, function, called)
        monkeypatch.setitem(sys.modules, module, fake)
        return calls

    return put


def test_run_hands_settings_and_warnings_over(aurora, stand_in, expected_errors):
    calls = stand_in("daemon.main", "run", 0)
    done = aurora("run", AURORA_COLOUR="red")
    ((settings, warnings), _) = calls[0]
    assert done.exit_code == 0
    assert settings.telegram.token.reveal() == TOKEN
    assert "AURORA_COLOUR" in warnings[0]


@pytest.mark.parametrize("code", [0, 1, 78])
def test_exit_code_of_the_daemon_is_passed_on(aurora, stand_in, code, expected_errors):
    stand_in("daemon.main", "run", code)
    assert aurora("run").exit_code == code


def test_settings_file_is_taken(aurora, stand_in, tmp_path, expected_errors):
    calls = stand_in("daemon.main", "run")
    (tmp_path / "my.toml").write_text("[autopilot]\ndaily_limit = 3\n", encoding="utf-8")
    aurora("run", "--config", "my.toml")
    assert calls[0][0][0].autopilot.daily_limit == 3


@pytest.mark.parametrize("command", ["run", "check"])
def test_wrong_settings_are_told_line_by_line(aurora, command):
    done = aurora(command, AURORA_TELEGRAM__TOKEN="canary", AURORA_LLM__PROVIDER="oracle")
    assert done.exit_code == 78
    assert len([line for line in done.stderr.splitlines() if line.startswith("aurora: AURORA_")]) == 2
    assert "canary" not in done.output


@pytest.mark.parametrize("is_over", [True, False])
def test_demo_and_sandbox_take_their_seed(aurora, stand_in, is_over):
    story = stand_in("daemon.sandbox.story", "run_demo")
    world = stand_in("daemon.sandbox.world", "run_sandbox")
    assert aurora("demo", "--seed", "7", *(["--exit"] if is_over else [])).exit_code == 0
    assert aurora("sandbox", "--port", "9000", "--seed", "8").exit_code == 0
    assert story == [((), {"exit_after": is_over, "seed": 7})]
    assert world == [((), {"port": 9000, "seed": 8})]


@pytest.mark.parametrize(("states", "code"), [((OK, OFF), 0), ((OK, FAILED), 78)])
def test_check_prints_a_line_each(aurora, monkeypatch, states, code):
    async def check(_settings):
        return [CheckResult(f"part{number}", state, "said so") for number, state in enumerate(states)]

    monkeypatch.setattr("daemon.checks.check_everything", check)
    done = aurora("check")
    assert done.exit_code == code
    assert [line.split() for line in done.stdout.splitlines()] == [
        [state, f"part{number}:", "said", "so"] for number, state in enumerate(states)
    ]


def test_migrate_and_backup_need_no_token(aurora, tmp_path):
    done = aurora("migrate", AURORA_TELEGRAM__TOKEN="")
    assert (done.exit_code, "schema" in done.stdout) == (0, True)
    assert aurora("backup", str(tmp_path / "copy.db"), AURORA_TELEGRAM__TOKEN="").exit_code == 0
    assert (tmp_path / "copy.db").is_file()


def test_refused_backup_is_one_line(aurora, tmp_path):
    done = aurora("backup", str(tmp_path / "copy.db"))
    assert done.exit_code == 1
    assert done.stderr.startswith("aurora: there is no store")


def test_damaged_store_is_one_line_and_78(aurora, tmp_path):
    (tmp_path / "aurora.db").write_bytes(b"no database at all" * 1000)
    done = aurora("migrate")
    assert (done.exit_code, len(done.stderr.splitlines())) == (78, 1)


def test_ctl_needs_no_token_and_says_when_nobody_is_there(aurora, tmp_path):
    done = aurora("ctl", "status", AURORA_TELEGRAM__TOKEN="")
    assert done.exit_code == 1
    assert str(tmp_path / "admin.sock") in done.stderr


def test_ctl_with_unknown_verb_is_wrong_usage(aurora):
    assert aurora("ctl", "fly").exit_code == 2


def test_no_command_shows_the_commands(aurora):
    shown = aurora().output
    assert [
        name for name in ("run", "demo", "sandbox", "check", "migrate", "backup", "version", "ctl") if name not in shown
    ] == []


def test_store_copy_names_tables_and_warns_of_a_password(aurora, tmp_path):
    assert aurora("migrate", AURORA_TELEGRAM__TOKEN="").exit_code == 0
    source, target = f"sqlite:///{tmp_path / 'aurora.db'}", f"sqlite:///{tmp_path / 'b.db'}"
    done = aurora("store", "copy", source, target)
    assert done.exit_code == 0
    assert "checksums equal" in done.stdout
    refused = aurora("store", "copy", source, "postgresql://me:geheim@127.0.0.1:1/db")
    assert refused.exit_code == 1
    assert "PGPASSWORD" in refused.stderr
    assert "geheim" not in refused.output
