"""Consent to a text as it is now, and being forgotten: nothing is left but hashes and the fact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.accounts import rights as texts
from daemon.accounts.rights import MODEL, TERMS, VERSIONS, Rights
from daemon.boards.board import BoardTrouble
from daemon.vault import DataForgotten, Vault, make_secret_key
from store.errors import Conflict
from store.ids import BoardName, ChatId, UserId, VacancyId
from store.tables.cards import CardRow
from store.tables.hunts import HuntRow
from store.tables.usage import UsageRow
from store.tables.vacancies import VacancyRow
from tests.daemon.accounts.logins import begin, log_in

if TYPE_CHECKING:
    from daemon.accounts.board_session import BoardSessions
    from daemon.accounts.profile import ResumeKeeper
    from daemon.clock import TrioClock
    from store.store import Store
    from tests.fakes.board import FakeBoard

IVAN, ANNA, HH = UserId(42), UserId(43), BoardName("hh")
PASTED = "Иванов Иван Иванович\nРазработчик Python\nПять лет пишу сервисы на Python."


async def test_nobody_has_agreed_before_they_are_asked(rights: Rights) -> None:
    assert not await rights.has_agreed(IVAN, TERMS)
    assert not await rights.has_answered(IVAN, TERMS)
    assert not await rights.may_ask_model(IVAN)


async def test_yes_and_no_are_remembered_with_the_texts_version(store: Store, rights: Rights) -> None:
    await store.write(rights.answer(IVAN, TERMS, is_given=True) + rights.answer(IVAN, MODEL, is_given=False))
    assert await rights.has_agreed(IVAN, TERMS)
    assert not await rights.may_ask_model(IVAN)
    assert await rights.has_answered(IVAN, MODEL)
    row = await store.consents.get(IVAN, MODEL)
    assert row is not None
    assert row.version == VERSIONS[MODEL]
    await store.write(rights.answer(IVAN, MODEL, is_given=True))
    assert await rights.may_ask_model(IVAN)


async def test_changed_text_asks_everybody_once_more(
    store: Store, rights: Rights, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.write(rights.answer(IVAN, MODEL, is_given=True))
    monkeypatch.setitem(texts.VERSIONS, MODEL, "2027-01-01")
    assert not await rights.may_ask_model(IVAN)
    assert not await rights.has_answered(IVAN, MODEL)


async def fill(store: Store, sessions: BoardSessions, resumes: ResumeKeeper, user_id: UserId) -> None:
    """A person with a row in every table."""
    chat_id = ChatId(user_id)
    await log_in(store, sessions, user_id, HH)
    await begin(store, sessions, user_id, HH)
    await store.write(await resumes.keep_pasted(user_id, PASTED))
    effect = store.effects.plan(
        "application",
        f"{user_id}:hh:1",
        user_id,
        {"letter": "canary"},
        now=1,
        fence=store.users.register(user_id, chat_id, "ru", now=1),
    )
    await store.write(
        store.consents.answer(user_id, TERMS, "1", is_given=True, now=1)
        + store.hunts.insert_new(
            HuntRow(user_id, HH, "running", "person", "", 1, "auto", "canary", None, "", 1, 0, "rest")
        )
        + store.vacancies.insert_new(
            VacancyRow(
                user_id, HH, VacancyId("1"), "applied", None, "canary", None, "canary", None, "https://x", None, 1, 1
            )
        )
        + store.usage.add(UsageRow(f"u{user_id}", user_id, 1, "gemini", "g", "letter", "ok", 1, 1, 1))
        + store.checkpoints.save(f"autopilot:{user_id}", {"canary": 1}, version=0, now=1)
        + store.timers.set(f"t{user_id}", "dialog", user_id, 99, {"canary": 1})
        + store.journals.open(f"j{user_id}", user_id, "onboarding", "f", now=1)
        + store.queues.put("outbox", f"o{user_id}", user_id, {"text": "canary"}, now=1)
        + store.cards.put(CardRow(chat_id, "status", 5, 1))
        + effect
    )


async def rows_of(store: Store, user_id: UserId) -> dict[str, int]:
    """How many rows of each table name this person."""
    tables = await store.fetch_all("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    counts: dict[str, int] = {}
    for (table,) in tables:
        columns = [row[1] for row in await store.fetch_all(f"PRAGMA table_info({table})")]
        for column in ("user_id", "chat_id", "owner", "lane"):
            if column in columns:
                sql = f"SELECT count(*) FROM {table} WHERE {column} = $1"  # noqa: S608 - the database's own names
                row = await store.fetch_one(sql, user_id)
                counts[table] = max(counts.get(table, 0), row[0] if row else 0)
    return {table: count for table, count in counts.items() if count}


async def everything(store: Store) -> str:
    tables = await store.fetch_all("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    sql = "SELECT * FROM "
    return repr([await store.fetch_all(sql + table) for (table,) in tables])


async def test_forgotten_person_leaves_only_the_fact_and_disguised_effects(
    store: Store, sessions: BoardSessions, resumes: ResumeKeeper, rights: Rights
) -> None:
    await fill(store, sessions, resumes, IVAN)
    assert set(await rows_of(store, IVAN)) >= {"hunts", "vacancies", "profiles", "board_accounts", "data_keys", "usage"}
    filled = await everything(store)
    assert "canary" in filled
    assert "'42:hh:1" in filled
    await store.write(await rights.forget(IVAN))
    # Tombstones of the queues hold a key and no payload; they are trimmed after two days.
    assert set(await rows_of(store, IVAN)) <= {"users", "queue_items"}
    left = await everything(store)
    assert "canary" not in left
    assert "'42:hh:1" not in left, "a pseudonym is random and may end with 42 too"
    assert ":hh:1" in left, "under a pseudonym"
    row = await store.users.get(IVAN)
    assert row is not None
    assert row.deleted_at is not None


async def test_others_keep_everything(
    store: Store, sessions: BoardSessions, resumes: ResumeKeeper, rights: Rights
) -> None:
    await fill(store, sessions, resumes, IVAN)
    await fill(store, sessions, resumes, ANNA)
    before = await rows_of(store, ANNA)
    await store.write(await rights.forget(IVAN))
    assert await rows_of(store, ANNA) == before
    assert await resumes.load(ANNA) is not None


async def test_sealed_texts_of_a_forgotten_person_are_noise(
    store: Store, sessions: BoardSessions, rights: Rights, vault: Vault
) -> None:
    await log_in(store, sessions, IVAN, HH)
    in_an_old_backup = await vault.seal(IVAN, "profiles.sealed_resume", "canary")
    await store.write(await rights.forget(IVAN))
    with pytest.raises(DataForgotten):
        await vault.open(IVAN, "profiles.sealed_resume", in_an_old_backup)


async def test_tokens_are_revoked_at_the_board_first(
    store: Store, sessions: BoardSessions, rights: Rights, board: FakeBoard
) -> None:
    await log_in(store, sessions, IVAN, HH)
    await rights.forget(IVAN)
    assert "revoke_token" in board.calls


async def test_board_that_is_down_does_not_keep_anybody(
    store: Store, sessions: BoardSessions, resumes: ResumeKeeper, rights: Rights, board: FakeBoard
) -> None:
    await fill(store, sessions, resumes, IVAN)
    board.fail_next("revoke_token", BoardTrouble())
    await store.write(await rights.forget(IVAN))
    assert "board_accounts" not in await rows_of(store, IVAN)


async def test_who_comes_back_is_not_applied_for_twice(
    store: Store, sessions: BoardSessions, resumes: ResumeKeeper, rights: Rights
) -> None:
    await fill(store, sessions, resumes, IVAN)
    await store.write(await rights.forget(IVAN))
    await store.write(rights.answer(ANNA, TERMS, is_given=True) + rights.answer(IVAN, TERMS, is_given=False))
    assert await store.effects.get("application", "42:hh:1") is None
    await store.write(rights.answer(IVAN, TERMS, is_given=True))
    effect = await store.effects.get("application", "42:hh:1")
    assert effect is not None
    assert (effect.owner, effect.payload) == (IVAN, None)
    with pytest.raises(Conflict):
        await store.write(store.effects.plan("application", "42:hh:1", IVAN, {}, now=1))


async def test_forgetting_twice_is_forgetting_once(
    store: Store, sessions: BoardSessions, resumes: ResumeKeeper, rights: Rights
) -> None:
    await fill(store, sessions, resumes, IVAN)
    await rights.forget(IVAN)  # and the process dies here
    await store.write(await rights.forget(IVAN))
    assert "profiles" not in await rows_of(store, IVAN)


async def test_the_applications_own_account_can_not_be_deleted(rights: Rights) -> None:
    with pytest.raises(ValueError, match="own account"):
        await rights.forget(UserId(0))


async def test_who_comes_back_after_the_secret_key_changed_is_known_too(
    store: Store, sessions: BoardSessions, resumes: ResumeKeeper, clock: TrioClock
) -> None:
    old, new = make_secret_key(), make_secret_key()
    await fill(store, sessions, resumes, IVAN)
    before = Rights(store, Vault(store, old, clock), sessions, clock)
    await store.write(await before.forget(IVAN))
    after = Rights(store, Vault(store, new, clock, older=[old]), sessions, clock)
    await store.write(after.answer(IVAN, TERMS, is_given=True))
    assert await store.effects.get("application", "42:hh:1") is not None
