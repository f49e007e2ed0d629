"""Every setting stands in `docs/settings.md` with its default, and nothing else does."""

from __future__ import annotations

import re

from daemon.config import setting_names
from daemon.setting_sources import variable_of
from tests.architecture.source_tree import ROOT

PAGE = ROOT / "docs" / "settings.md"
ROW = re.compile(r"^\| `(AURORA_\w+)` \| (.+?) \| (.+) \|$", re.MULTILINE)


def rows():
    return {name: (default, meaning) for name, default, meaning in ROW.findall(PAGE.read_text(encoding="utf-8"))}


def shown(default):
    if default is ...:
        return "**needed**"
    return "–" if default in {None, "", ()} else f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def test_every_setting_is_documented_and_nothing_else():
    assert sorted(rows()) == sorted(variable_of(name) for name in setting_names())


def test_documented_defaults_are_the_real_ones():
    documented = {name: default for name, (default, _) in rows().items()}
    assert documented == {variable_of(name): shown(default) for name, default in setting_names().items()}


def test_every_setting_says_what_it_means():
    assert [name for name, (_, meaning) in rows().items() if len(meaning) < 10] == []
