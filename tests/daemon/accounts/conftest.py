"""A board, a vault and sessions on the store in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.accounts.board_session import BoardSessions
from daemon.accounts.profile import ResumeKeeper
from daemon.accounts.rights import Rights
from daemon.boards.registry import BoardRegistry
from daemon.vault import Vault, make_secret_key
from tests.fakes.board import FakeBoard

if TYPE_CHECKING:
    from daemon.clock import TrioClock
    from store.store import Store

PUBLIC_URL = "http://127.0.0.1:8080"


@pytest.fixture
def board() -> FakeBoard:
    return FakeBoard()


@pytest.fixture
def boards(board: FakeBoard) -> BoardRegistry:
    return BoardRegistry([board])


@pytest.fixture
def vault(store: Store, clock: TrioClock) -> Vault:
    return Vault(store, make_secret_key(), clock)


@pytest.fixture
def sessions(store: Store, vault: Vault, boards: BoardRegistry, clock: TrioClock) -> BoardSessions:
    return BoardSessions(store, vault, boards, clock, PUBLIC_URL)


@pytest.fixture
def resumes(
    store: Store, vault: Vault, boards: BoardRegistry, sessions: BoardSessions, clock: TrioClock
) -> ResumeKeeper:
    return ResumeKeeper(store, vault, boards, sessions, clock)


@pytest.fixture
def rights(store: Store, vault: Vault, sessions: BoardSessions, clock: TrioClock) -> Rights:
    return Rights(store, vault, sessions, clock)
