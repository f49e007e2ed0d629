"""Doubts: known since they were first seen, anew with each attempt and state, and forgotten with the doubt."""

from __future__ import annotations

from dataclasses import replace

import trio

from daemon.autopilot.doubts import Doubts
from store.durable.effects import EffectRow
from store.ids import UserId

ANNA = UserId(7)
LOST = EffectRow(
    kind="application",
    key="7:hh:1",
    owner=ANNA,
    state="ambiguous",
    attempt=1,
    payload=None,
    epoch=1,
    boot_id="boot-1",
    reason="lost_answer",
    external_id=None,
    planned_at=0,
    sending_at=0,
    settled_at=0,
)


async def test_time_counts_from_the_first_look(autojump_clock):
    doubts = Doubts()
    assert doubts.known_for(LOST) == 0
    await trio.sleep(40)
    assert doubts.known_for(LOST) == 40


async def test_another_attempt_and_another_state_count_anew(autojump_clock):
    doubts = Doubts()
    doubts.known_for(LOST)
    await trio.sleep(40)
    assert doubts.known_for(replace(LOST, attempt=2)) == 0
    assert doubts.known_for(replace(LOST, state="sending")) == 0
    assert doubts.known_for(LOST) == 40


async def test_what_is_settled_is_forgotten_and_the_rest_is_kept(autojump_clock):
    doubts, other = Doubts(), replace(LOST, key="7:hh:2")
    doubts.known_for(LOST)
    doubts.known_for(other)
    await trio.sleep(40)
    doubts.keep_only(ANNA, [other])
    assert (doubts.known_for(other), doubts.known_for(LOST)) == (40, 0)
    doubts.keep_only(ANNA, [])
    doubts.keep_only(ANNA, [])
    assert doubts.known_for(other) == 0
