"""Sources of settings: which one wins, and what is said of a name nobody knows."""

from __future__ import annotations

import pytest

from daemon.setting_sources import Gathered, SourceError, gather, variable_of

NAMES = ("telegram.token", "autopilot.daily_limit", "secret_key")


def test_variable_is_made_of_the_name():
    assert variable_of("telegram.token") == "AURORA_TELEGRAM__TOKEN"
    assert variable_of("secret_key") == "AURORA_SECRET_KEY"


def test_later_source_wins_and_is_remembered(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('secret_key = "file"\n[telegram]\ntoken = "file"\n', encoding="utf-8")
    gathered = gather(path, {"AURORA_TELEGRAM__TOKEN": "environment"}, NAMES)
    assert gathered.values == {"secret_key": "file", "telegram.token": "environment"}
    assert gathered.sources == {"secret_key": str(path), "telegram.token": "the environment"}


def test_nested_has_every_room():
    gathered = Gathered()
    gathered.take("secret_key", "k", "x")
    assert gathered.nested(["telegram"]) == {"telegram": {}, "secret_key": "k"}


def test_variables_of_others_are_left_alone(tmp_path):
    gathered = gather(
        None, {"PATH": "/bin", "aurora_secret_key": "x", "CREDENTIALS_DIRECTORY": str(tmp_path / "no")}, NAMES
    )
    assert (gathered.values, gathered.warnings) == ({}, [])


def test_far_name_gets_no_suggestion():
    gathered = gather(None, {"AURORA_ZZZZZZZZ": "x"}, NAMES)
    assert gathered.warnings == ["AURORA_ZZZZZZZZ is no setting of this program and is ignored"]


def test_oversized_credential_is_refused(tmp_path):
    (tmp_path / "aurora_secret_key").write_text("x" * 100_000, encoding="utf-8")
    with pytest.raises(SourceError, match="short text file"):
        gather(None, {"CREDENTIALS_DIRECTORY": str(tmp_path)}, NAMES)


def test_folder_as_settings_file_is_refused(tmp_path):
    with pytest.raises(SourceError, match="can't be read"):
        gather(tmp_path, {}, NAMES)


def test_all_unknown_keys_are_told_at_once(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text("[telegram]\ntokken = 1\n[autopilot]\nlimit = 2\n", encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        gather(path, {}, NAMES)
    assert len(str(caught.value).splitlines()) == 2
