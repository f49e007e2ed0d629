"""Puts a settled crowd into every stage a hunt can be killed in, by the product's own rooms: nothing here writes SQL.

Used by `recovery.py`. Each person's number chooses the stage; what the stage needs (a vacancy, a letter, a row of the
ledger, a rest, a place in quarantine) is written as the hunt itself would have left it behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.autopilot.apply import LETTER_COLUMN
from daemon.autopilot.facts import KIND, task_key
from daemon.autopilot.progress import AutopilotProgress
from daemon.clock import HOUR, SECOND
from daemon.config import load_settings
from daemon.rooms import Outside, open_rooms
from store.durable.ownership import own_shards
from store.factory import open_store
from store.ids import UserId, VacancyId
from store.tables.quarantine import QuarantineRow
from store.tables.vacancies import VacancyRow
from store.write import NOTHING, join
from tests.crash.crowd import HH
from tests.fakes.world import WorldHttp, telegram_transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.rooms import Rooms
    from daemon.sandbox.people import Person
    from daemon.sandbox.vacancy import BoardVacancy
    from daemon.sandbox.world import World
    from store.durable.ownership import Ownership
    from store.write import Write

STAGES = ("searching", "screening", "letter", "planned", "sending", "resting", "paused", "quarantined")
STEPS = {"screening": "searched", "letter": "writing", "planned": "planned", "sending": "applying"}
"""What the checkpoint of a hunt in this stage says it did last."""
VACANCY_STATES = {"screening": "found", "letter": "letter_ready", "planned": "applying", "sending": "applying"}
OLD_BOOT = "a former life"
BATCH = 250


def stage_of(number: int) -> str:
    """By the place in the crowd."""
    return STAGES[number % len(STAGES)]


async def set_the_stages(
    world: World, base_url: str, settings: Mapping[str, str], crowd: Mapping[int, Person]
) -> dict[str, int]:
    """Everybody into their stage; how many there are in each. Half of those in `sending` did arrive at the board."""
    loaded, _ = load_settings(None, settings)
    host = base_url.partition("//")[2]
    outside = Outside(telegram=telegram_transport(world.service), http=WorldHttp({host: world.service}))
    suitable = [vacancy for vacancy in world.hh.state.vacancies.values() if vacancy.is_suitable]
    counts = dict.fromkeys(STAGES, 0)
    async with (
        open_store(loaded.store.url) as store,
        own_shards(store, boot_id=OLD_BOOT, now=outside.clock.now()) as ownership,
        open_rooms(loaded, store, ownership, outside, public_url="http://127.0.0.1:9") as rooms,
    ):
        gathered: list[Write] = []
        for number, (user_id, person) in enumerate(crowd.items()):
            stage, vacancy = stage_of(number), suitable[number % len(suitable)]
            counts[stage] += 1
            gathered.append(await _enter(rooms, ownership, UserId(user_id), stage, vacancy))
            if stage == "sending" and counts[stage] % 2:
                resume = person.resumes[0]
                world.hh.state.add_application(
                    person.person_id, resume.resume_id, vacancy.vacancy_id, letter="Здравствуйте!", source="api"
                )
            if len(gathered) == BATCH:
                await store.write(join(gathered))
                gathered.clear()
        await store.write(join(gathered))
    return counts


async def _enter(rooms: Rooms, ownership: Ownership, user_id: UserId, stage: str, vacancy: BoardVacancy) -> Write:
    store, now = rooms.store, rooms.outside.clock.now()
    if stage == "paused":
        return store.hunts.set_wish(user_id, "paused", by="person", reason="", now=now)
    if stage == "quarantined":
        return store.quarantine.put(
            QuarantineRow(task_key(user_id), "KeyError@a/b.py:c", "KeyError", 6, now - HOUR, now + 2 * HOUR)
        )
    if stage == "resting":
        return store.hunts.rest(user_id, now + 2 * HOUR, "limit")
    progress = AutopilotProgress().to(STEPS.get(stage, "searching"), f"{HH}:{vacancy.vacancy_id}")
    write = store.checkpoints.save(task_key(user_id), progress.dump(), version=0, now=now)
    if stage == "searching":
        return write
    # Not all of it would be searched at once after a real outage either: its next search is not due yet.
    write += store.hunts.note_step(
        user_id, ownership.epoch_of(user_id), progress.step, searched_at=now, next_search_at=now + HOUR
    )
    return write + await _vacancy_in(rooms, ownership, user_id, stage, vacancy)


async def _vacancy_in(rooms: Rooms, ownership: Ownership, user_id: UserId, stage: str, vacancy: BoardVacancy) -> Write:
    store, now = rooms.store, rooms.outside.clock.now()
    vacancy_id = VacancyId(vacancy.vacancy_id)
    write = store.vacancies.insert_new(
        VacancyRow(
            user_id=user_id,
            board=HH,
            vacancy_id=vacancy_id,
            state=VACANCY_STATES[stage],
            reason=None,
            title=vacancy.title,
            employer_id=None,
            employer=vacancy.employer.name,
            salary=None,
            url=f"https://hh.ru/vacancy/{vacancy_id}",
            sealed_letter=None,
            found_at=now,
            changed_at=now,
        )
    )
    if stage == "screening":
        return write
    sealed = await rooms.accounts.vault.seal(user_id, LETTER_COLUMN, "Здравствуйте!")
    write += store.vacancies.save_letter(user_id, HH, vacancy_id, sealed, now=now)
    return write + await _ledger_row(rooms, ownership, user_id, stage, f"{user_id}:{HH}:{vacancy_id}")


async def _ledger_row(rooms: Rooms, ownership: Ownership, user_id: UserId, stage: str, key: str) -> Write:
    effects, now = rooms.store.effects, rooms.outside.clock.now()
    if stage == "letter":
        return NOTHING
    profile = await rooms.store.profiles.get(user_id)
    assert profile is not None
    write = effects.plan(KIND, key, user_id, {"resume_id": profile.resume_id}, now=now)
    if stage == "planned":
        return write
    return write + effects.begin(
        KIND, key, attempt=1, epoch=ownership.epoch_of(user_id), boot_id=OLD_BOOT, now=now - SECOND
    )
