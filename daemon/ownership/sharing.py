"""Sharing: how many shards each member has, and which ones change hands. Pure functions; `keeper.py` acts on them.

Every member computes the same shares from the same rows, so nobody has to be asked: who has too many gives up, who has
too few takes what is free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from store.durable.ownership import SHARDS

if TYPE_CHECKING:
    from collections.abc import Collection


def share_of(boot_id: str, members: Collection[str]) -> int:
    """How many shards this member has when all is even; the odd ones go to the first by name."""
    ranked = sorted(members)
    even, odd = divmod(SHARDS, len(ranked))
    return even + (ranked.index(boot_id) < odd)


def pick_to_give_up(held: Collection[int], share: int) -> list[int]:
    """Shards beyond the share, the same ones however often it is asked."""
    return sorted(held)[share:]


def pick_to_claim(free: Collection[int], count: int, boot_id: str) -> list[int]:
    """As many of the free ones as are missing, in the order in which all lock them.

    Each member begins at a place of its own, so that two which see the same free shards seldom want the same ones.
    """
    start = crc32(boot_id.encode()) % SHARDS
    return sorted(sorted(free, key=lambda shard: (shard - start) % SHARDS)[: max(count, 0)])
