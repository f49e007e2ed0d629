"""The reply keyboard: the commands one needs daily, as words.

A reply keyboard stays on a person's screen until another one comes, for years if need be. So every label that ever
was on it is recognised for ever, in every language; a label that is not on today's keyboard is answered like its
command, and today's keyboard comes with the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.outbox.message import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 2
"""Goes up when the layout changes; the labels of the former version move to `OLD_LABELS`."""

COMMANDS: tuple[tuple[str, ...], ...] = (("autopilot", "pause", "stop"), ("status", "history", "settings"), ("help",))
"""The layout: each button is a command without its slash."""

OLD_LABELS: Mapping[str, str] = {
    "▶️ Запустить автопилот": "autopilot",
    "⏸ Приостановить": "pause",
    "📊 Мой прогресс": "status",
    "▶️ Start autopilot": "autopilot",
    "📊 My progress": "status",
}
"""Labels of version 1."""


def menu_rows() -> tuple[tuple[Text, ...], ...]:
    """Today's keyboard, for the sender."""
    return tuple(tuple(Text(f"bot.menu.{command}") for command in row) for row in COMMANDS)


class MenuLabels:
    """Recognises a pressed reply button by its text."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        """`labels`: today's labels of all languages and their commands."""
        self._today = {_plain(label): command for label, command in labels.items()}
        self._old = {_plain(label): command for label, command in OLD_LABELS.items()}

    def recognise(self, text: str) -> tuple[str | None, bool]:
        """The command behind a label (None: no label), and whether the keyboard it stands on is outdated."""
        label = _plain(text)
        if label in self._today:
            return self._today[label], False
        return self._old.get(label), label in self._old


def _plain(label: str) -> str:
    """Without emoji and case: people type the words, and emoji come back with or without their variation mark."""
    return " ".join("".join(sign for sign in label if sign.isalnum() or sign.isspace()).casefold().split())
