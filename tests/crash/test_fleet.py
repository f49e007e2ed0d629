"""Two and three real daemons on one PostgreSQL: an even share, a hand-over in two seconds, a take-over after the lease."""

from __future__ import annotations

import pytest
import trio

from daemon.http_client import make_http_client
from tests.contracts.clusters import programs_of
from tests.crash.checker import check
from tests.crash.fleet import open_fleet

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(programs_of(15) is None, reason="no PostgreSQL 15 here"),
]
LEASE = 5.0
SLACK = 3.0
"""For a machine that does something else too; `make rolling` holds to the real limits."""


def violations(fleet):
    accounts = {chat: person.person_id for chat, person in fleet.crowd.items()}
    found = check(fleet.world.log.acts(), fleet.url, accounts=accounts, crashes=3)
    # Hunts are under way at the end: only what must never be at any time is looked at.
    return [one for one in found if one.startswith(("applied twice", "ledger", "epoch", "went back", "cap"))]


async def test_daemons_share_hand_over_and_take_over(tmp_path):
    async with open_fleet(tmp_path, people=24, AURORA_AUTOPILOT__PAUSE_SECONDS="1") as fleet:
        first = await fleet.launch()
        await fleet.until(lambda: fleet.is_even(1))
        second = await fleet.launch()
        await fleet.until(lambda: fleet.is_even(2))
        third = await fleet.launch()
        await fleet.until(lambda: fleet.is_even(3))
        made = fleet.world.log.count("application_made")
        await fleet.until(lambda: fleet.world.log.count("application_made") > made + 10)

        async with make_http_client() as http:
            for ship in (first, second, third):
                assert (await http.get(f"http://127.0.0.1:{ship.port}/readyz")).json()["ready"] is True

        asked = trio.current_time()
        assert await second.process.stop() == 0
        await fleet.until(lambda: fleet.is_even(2))
        assert trio.current_time() - asked < 2 + SLACK

        await third.process.kill()
        assert await fleet.until(lambda: fleet.is_even(1)) < LEASE + 2 + SLACK

        fourth = await fleet.launch()
        await fleet.until(lambda: fleet.is_even(2))
        fourth.freeze()
        await fleet.until(lambda: fleet.is_even(1))
        fourth.thaw()
        await fleet.until(lambda: fleet.is_even(2))
        made = fleet.world.log.count("application_made")
        await fleet.until(lambda: fleet.world.log.count("application_made") > made + 5)
        assert violations(fleet) == []
        for ship in (first, fourth):
            assert await ship.process.stop() == 0
        assert fleet.held().total() == 0
