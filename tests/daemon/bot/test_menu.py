"""The reply keyboard: every label that ever was is recognised."""

import pytest

from daemon.bot.menu import COMMANDS, OLD_LABELS, MenuLabels, menu_rows
from daemon.bot.routes import ROUTES
from tests.daemon.bot.conftest import TEXTS


@pytest.fixture
def labels():
    return MenuLabels(
        {TEXTS.plain(text, language): text.key for row in menu_rows() for text in row for language in ("ru", "en")}
    )


def test_every_button_has_a_command():
    assert {command for row in COMMANDS for command in row} <= set(ROUTES.commands)
    assert set(OLD_LABELS.values()) <= set(ROUTES.commands)


@pytest.mark.parametrize(
    "text", ["🚀 Автопилот", "Автопилот", "автопилот ", "🚀Автопилот", "🚀 Autopilot", "AUTOPILOT"]
)
def test_label_is_recognised_however_it_is_typed(labels, text):
    assert labels.recognise(text) == ("bot.menu.autopilot", False)


@pytest.mark.parametrize(("text", "command"), OLD_LABELS.items())
def test_old_label_is_recognised_as_outdated(labels, text, command):
    assert labels.recognise(text) == (command, True)


@pytest.mark.parametrize("text", ["", "🚀", "включи автопилот", "автопилот автопилот"])
def test_other_words_are_no_label(labels, text):
    assert labels.recognise(text) == (None, False)


def test_todays_labels_differ_from_each_other():
    for language in ("ru", "en"):
        today = [TEXTS.plain(text, language) for row in menu_rows() for text in row]
        assert len(set(today)) == len(today)
