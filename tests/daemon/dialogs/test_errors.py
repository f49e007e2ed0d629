"""What can happen to a dialog says enough to act on it."""

from daemon.dialogs.errors import AnswerRejected, RawAwait, WorkFailed
from daemon.outbox.message import Text


def test_rejection_carries_its_hint_and_never_the_text():
    rejected = AnswerRejected(Text("t.no", {"typed": "secret"}))
    assert rejected.hint.values == {"typed": "secret"}
    assert str(rejected) == "t.no"


def test_failed_work_says_what_and_whether_to_try_again():
    failed = WorkFailed("finish_login", "BoardTrouble", is_temporary=True)
    assert (failed.name, failed.error, failed.is_temporary) == ("finish_login", "BoardTrouble", True)
    assert str(failed) == "finish_login failed: BoardTrouble"


def test_raw_await_names_script_line_and_mend():
    assert str(RawAwait("onboard", 12, "sleep")) == (
        "onboard, line 12: awaits sleep instead of its dialog; put this into dialog.do"
    )
