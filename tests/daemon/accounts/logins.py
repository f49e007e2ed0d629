"""The walk through a login, for tests that begin after it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from daemon.accounts.board_login import LoginOutcome
    from daemon.accounts.board_session import BoardSessions
    from store.ids import BoardName, UserId
    from store.store import Store


async def begin(store: Store, sessions: BoardSessions, user_id: UserId, board: BoardName) -> str:
    """The state of a login that began."""
    url, write = await sessions.begin_login(user_id, board)
    await store.write(write)
    return parse_qs(urlsplit(url).query)["state"][0]


async def log_in(
    store: Store, sessions: BoardSessions, user_id: UserId, board: BoardName, code: str | None = None
) -> LoginOutcome:
    """The whole walk, the inbox event included."""
    state = await begin(store, sessions, user_id, board)
    await store.write(await sessions.claim_return(state, code or f"code-{state}"))
    item = await store.queues.get("inbox", f"oauth:{state}")
    assert item is not None
    await store.write(store.queues.finish("inbox", item.key, now=0))
    return await sessions.finish_login(user_id, board, item.payload["data"]["sealed_code"])
