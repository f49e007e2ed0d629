"""The families of a board's errors: what the hunt, the ledger and the supervisor tell apart."""

from __future__ import annotations

import pytest

from daemon.boards.board import (
    BoardBusy,
    BoardError,
    BoardTrouble,
    CaptchaRequired,
    DoorClosed,
    LetterRejected,
    LimitReached,
    LoginExpired,
    LoginLost,
    NotApplicable,
    ResumeGone,
    TokenStillValid,
    UncertainOutcome,
)
from daemon.errors import Permanent, Temporary


@pytest.mark.parametrize("error", [BoardTrouble, BoardBusy, UncertainOutcome])
def test_what_passes_by_itself_is_temporary(error: type[BoardError]) -> None:
    assert issubclass(error, BoardError)
    assert issubclass(error, Temporary)


@pytest.mark.parametrize("error", [LoginLost, DoorClosed, NotApplicable, ResumeGone])
def test_what_stays_is_permanent(error: type[BoardError]) -> None:
    assert issubclass(error, BoardError)
    assert issubclass(error, Permanent)


@pytest.mark.parametrize("error", [LoginExpired, TokenStillValid, CaptchaRequired, LimitReached, LetterRejected])
def test_what_somebody_must_act_on_is_neither(error: type[BoardError]) -> None:
    assert not issubclass(error, Temporary | Permanent)


def test_errors_carry_what_their_catcher_needs() -> None:
    assert CaptchaRequired("https://hh.ru/c").url == "https://hh.ru/c"
    assert LetterRejected("empty_message").reason == "empty_message"
    assert NotApplicable("direct", url="https://x").url == "https://x"
    assert LoginLost().reason == "revoked"
    assert BoardBusy(retry_after_seconds=3).retry_after_seconds == 3
    assert str(DoorClosed()) == DoorClosed.__doc__
