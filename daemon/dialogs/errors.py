"""What can happen to a dialog.

AnswerRejected      the script's `accept` did not like a text: the person is told, the question stays
QuestionTimedOut    nobody answered in time
WorkFailed          what a `do` did outside failed; journaled like a result, so a replay fails the same way
DialogAbandoned     raised by a script that wants to end early: no error, nothing more is said
ScriptChanged       the journal does not fit this script: go on from the last checkpoint
RawAwait            the script awaited something that is not its dialog: a bug of the script, named
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


class WorkFailed(Exception):
    """The outside work `name` of a dialog failed with an error of type `error`; `is_temporary`: may pass later."""

    def __init__(self, name: str, error: str, *, is_temporary: bool) -> None:
        super().__init__(f"{name} failed: {error}")
        self.name = name
        self.error = error
        self.is_temporary = is_temporary


class DialogAbandoned(Exception):
    """The script ends here."""


class ScriptChanged(Exception):
    """The journal was written by another version of this script."""


class RawAwait(Exception):
    """A script may await nothing but its dialog; put this into `dialog.do`."""

    def __init__(self, script: str, line: int, trap: str) -> None:
        super().__init__(f"{script}, line {line}: awaits {trap} instead of its dialog; put this into dialog.do")
