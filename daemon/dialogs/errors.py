"""What can happen to a dialog.

AnswerRejected      the script's `accept` did not like a text: the person is told, the question stays
QuestionTimedOut    nobody answered in time
DialogAbandoned     the person left (/cancel) or something else took its place: the script ends
ScriptChanged       the journal does not fit this script: go on from the last checkpoint
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.outbox.message import Text


class AnswerRejected(Exception):
    """This answer can't be used; `hint` says why and what would do."""

    def __init__(self, hint: Text) -> None:
        super().__init__(hint.key)
        self.hint = hint


class QuestionTimedOut(Exception):
    """Nobody answered in time."""


class DialogAbandoned(Exception):
    """The person left this dialog."""


class ScriptChanged(Exception):
    """The journal was written by another version of this script."""
