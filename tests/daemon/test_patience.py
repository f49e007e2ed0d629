"""A store that is away is waited for; what it refuses is not tried again."""

import pytest

from daemon.patience import write_patiently
from store.errors import Conflict, StoreUnavailable
from store.write import NOTHING


class FullDisk:
    """Takes no writes for a while."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.tries = 0

    async def write(self, write):
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)


async def test_full_disk_is_waited_for_as_long_as_it_takes(autojump_clock):
    store = FullDisk(*[StoreUnavailable()] * 500)
    await write_patiently(store, NOTHING)
    assert store.tries == 501


async def test_conflict_is_not_tried_again():
    store = FullDisk(Conflict())
    with pytest.raises(Conflict):
        await write_patiently(store, NOTHING)
    assert store.tries == 1
