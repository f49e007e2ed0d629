"""Writes that must not be lost because the store is away for a moment: what was done outside is known only here.

A refresh token is used up by the answer that replaces it, and a resume fetched with somebody's captcha solved is not
fetched as easily again. Called where such an answer is put down; everything else hands its error up and is done again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from store.errors import StoreUnavailable

if TYPE_CHECKING:
    from store.store import Store
    from store.write import Write

PAUSE_SECONDS = 1.0


async def write_patiently(store: Store, write: Write) -> None:
    """Writes; a store that takes no writes is waited for as long as the caller may wait.

    Raises `StoreError` of other kinds. `Conflict` may mean that an earlier try was carried out without a word.
    """
    while True:
        try:
            await store.write(write)
        except StoreUnavailable:
            await trio.sleep(PAUSE_SECONDS)
        else:
            return
