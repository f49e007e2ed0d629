"""The resume of a person: sealed, versioned, from the board or pasted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.accounts.pasted_resume import PastedResumeRejected
from daemon.boards.board import Experience, LoginLost, ResumeGone
from store.ids import BoardName, UserId
from tests.daemon.accounts.logins import log_in
from tests.fakes.board import make_resume

if TYPE_CHECKING:
    from daemon.accounts.board_session import BoardSessions
    from daemon.accounts.profile import ResumeKeeper
    from store.store import Store
    from tests.fakes.board import FakeBoard

IVAN, HH = UserId(42), BoardName("hh")
PASTED = "Иванов Иван Иванович\nРазработчик Python\nПять лет пишу сервисы на Python. Почта canary@example.com"


async def test_boards_resume_comes_back_whole(
    store: Store, sessions: BoardSessions, resumes: ResumeKeeper, board: FakeBoard
) -> None:
    job = Experience("Лютик", "Инженер", "Писал сервисы.", "2020-01-01", None)
    board.resumes["r1"] = make_resume("r1", experience=(job,))
    await log_in(store, sessions, IVAN, HH)
    await store.write(await resumes.keep_from_board(IVAN, HH, "r1"))
    assert await resumes.load(IVAN) == board.resumes["r1"]
    row = await resumes.describe(IVAN)
    assert row is not None
    assert (row.source, row.resume_id, row.title, row.version) == ("hh", "r1", "Разработчик Python", 1)


async def test_pasted_resume_is_sealed_and_comes_back(store: Store, resumes: ResumeKeeper) -> None:
    await store.write(await resumes.keep_pasted(IVAN, PASTED))
    resume = await resumes.load(IVAN)
    assert resume is not None
    assert (resume.title, resume.contacts) == ("Разработчик Python", ("canary@example.com",))
    row = await resumes.describe(IVAN)
    assert row is not None
    assert (row.source, row.resume_id) == ("pasted", None)
    assert "canary" not in row.sealed_resume


async def test_nobody_has_no_resume(resumes: ResumeKeeper) -> None:
    assert await resumes.load(IVAN) is None
    assert await resumes.describe(IVAN) is None


async def test_another_resume_takes_its_place_with_a_new_version(store: Store, resumes: ResumeKeeper) -> None:
    for text in (PASTED, PASTED.replace("Пять", "Шесть")):
        await store.write(await resumes.keep_pasted(IVAN, text))
    resume, row = await resumes.load(IVAN), await resumes.describe(IVAN)
    assert resume is not None
    assert "Шесть" in resume.text
    assert row is not None
    assert row.version == 2


async def test_failures_keep_what_was_there(
    store: Store, sessions: BoardSessions, resumes: ResumeKeeper, board: FakeBoard
) -> None:
    await store.write(await resumes.keep_pasted(IVAN, PASTED))
    with pytest.raises(LoginLost):
        await resumes.keep_from_board(IVAN, HH, "r1")
    await log_in(store, sessions, IVAN, HH)
    with pytest.raises(ResumeGone):
        await resumes.keep_from_board(IVAN, HH, "nobody")
    with pytest.raises(PastedResumeRejected):
        await resumes.keep_pasted(IVAN, "коротко")
    row = await resumes.describe(IVAN)
    assert row is not None
    assert (row.source, row.version) == ("pasted", 1)
