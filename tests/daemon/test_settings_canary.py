"""Whatever stands in a setting, a refusal never repeats it: it may be a secret in the wrong place."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.config import SettingsError, load_settings, setting_names
from daemon.setting_sources import variable_of

TOKEN = "123456:" + "a" * 35
CANARY = "kanarienvogel"
NAMES = sorted(setting_names())
PIECES = st.sampled_from(
    ["", "http://", "sqlite:///", "socks5://u:", "123456:", "1,", "@", "/x?", "#", ":8080", "\n", "="]
)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def refusal(path, environ):
    try:
        load_settings(path, {"HOME": "/home/somebody", "AURORA_TELEGRAM__TOKEN": TOKEN} | environ)
    except SettingsError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", NAMES)
@QUICK
@given(before=PIECES, after=PIECES)
def test_no_refusal_of_a_variable_repeats_its_value(name, before, after):
    assert CANARY not in refusal(None, {variable_of(name): f"{before}{CANARY}{after}".replace("\x00", "")})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "value", [f'"{CANARY}"', f'["{CANARY}"]', f"{{ {CANARY} = 1 }}", f"'''{CANARY}\n'''", CANARY, "1e400"]
)
def test_no_refusal_of_a_file_repeats_its_value(tmp_path, name, value):
    room, dot, leaf = name.partition(".")
    path = tmp_path / "my.toml"
    path.write_text(f"[{room}]\n{leaf} = {value}\n" if dot else f"{name} = {value}\n", encoding="utf-8")
    assert CANARY not in refusal(path, {}).replace(str(tmp_path), "")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "telegram.token"])
def test_every_refusal_names_its_variable_and_a_mend(name):
    text = refusal(None, {variable_of(name): f"\x01{CANARY}"})
    for line in text.splitlines():
        assert line.startswith(variable_of(name))
        assert "Mend: " in line
        assert len(line) < 400


@QUICK
@given(st.dictionaries(st.sampled_from([variable_of(name) for name in NAMES]), st.text(max_size=30), max_size=6))
def test_any_environment_is_taken_or_refused_in_words(environ):
    text = refusal(None, {key: value.replace("\x00", "") for key, value in environ.items()})
    assert "Traceback" not in text
    assert "pydantic" not in text.lower()
