"""Sealed texts open for their person, column and key alone, and say why when they do not."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
import trio

from daemon.secret import Secret
from daemon.vault import DataForgotten, Vault, VaultError, WrongSecretKey, make_secret_key, parse_secret_key
from store.ids import UserId

if TYPE_CHECKING:
    from daemon.clock import TrioClock
    from store.store import Store
    from store.tables.data_keys import DataKeyRow
    from store.write import Write

IVAN, ANNA = UserId(42), UserId(43)
KEY = make_secret_key()


@pytest.fixture
def vault(store: Store, clock: TrioClock) -> Vault:
    return Vault(store, KEY, clock)


async def test_sealed_text_opens_again(vault: Vault) -> None:
    for text in ("", "tokens", "Здравствуйте! 🙂", "x" * 100_000):
        assert await vault.open(IVAN, "column", await vault.seal(IVAN, "column", text)) == text


async def test_store_holds_nothing_readable(vault: Vault, store: Store) -> None:
    sealed = await vault.seal(IVAN, "column", "canary-token")
    row = await store.data_keys.get(IVAN)
    assert row is not None
    for text in (sealed, row.wrapped_key):
        assert text.isascii()
        assert "canary" not in text
        assert b"canary" not in base64.urlsafe_b64decode(text.rpartition(".")[2])
    assert KEY.reveal() not in row.wrapped_key


async def test_same_text_is_sealed_differently_each_time(vault: Vault) -> None:
    assert await vault.seal(IVAN, "column", "text") != await vault.seal(IVAN, "column", "text")


async def test_text_moved_to_another_column_stays_shut(vault: Vault) -> None:
    sealed = await vault.seal(IVAN, "one", "text")
    with pytest.raises(VaultError, match="does not belong to two"):
        await vault.open(IVAN, "two", sealed)


async def test_text_moved_to_another_person_stays_shut(vault: Vault) -> None:
    await vault.seal(ANNA, "column", "hers")
    with pytest.raises(VaultError):
        await vault.open(ANNA, "column", await vault.seal(IVAN, "column", "his"))


async def test_key_moved_to_another_person_stays_shut(vault: Vault, store: Store) -> None:
    sealed = await vault.seal(IVAN, "column", "his")
    his = await store.data_keys.get(IVAN)
    await vault.seal(ANNA, "column", "hers")
    hers = await store.data_keys.get(ANNA)
    assert his is not None
    assert hers is not None
    await store.write(store.data_keys.rewrap(ANNA, hers.wrapped_key, his.wrapped_key))
    with pytest.raises(VaultError, match="belongs to another person"):
        await vault.open(ANNA, "column", sealed)


async def test_changed_text_stays_shut(vault: Vault) -> None:
    sealed = await vault.seal(IVAN, "column", "text")
    head, _, body = sealed.rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(body))
    raw[-1] ^= 1
    with pytest.raises(VaultError):
        await vault.open(IVAN, "column", f"{head}.{base64.urlsafe_b64encode(raw).decode()}")


@pytest.mark.parametrize("damage", ["", "x", "1.2", "1..x", "{head}.AAAA", "{head}.not base64!", "{head}.Ä"])
async def test_damaged_text_says_so(vault: Vault, damage: str) -> None:
    head = (await vault.seal(IVAN, "column", "text")).rpartition(".")[0]
    with pytest.raises(VaultError):
        await vault.open(IVAN, "column", damage.format(head=head))


async def test_text_of_a_newer_form_says_so(vault: Vault) -> None:
    sealed = await vault.seal(IVAN, "column", "text")
    with pytest.raises(VaultError, match="newer release"):
        await vault.open(IVAN, "column", "9" + sealed[1:])


async def test_wrong_secret_key_names_setting_and_mend(vault: Vault, store: Store, clock: TrioClock) -> None:
    sealed = await vault.seal(IVAN, "column", "text")
    other_key = make_secret_key()
    other = Vault(store, other_key, clock)
    with pytest.raises(WrongSecretKey, match="AURORA_SECRET_KEY") as caught:
        await other.open(IVAN, "column", sealed)
    assert KEY.reveal() not in str(caught.value)
    assert other_key.reveal() not in str(caught.value)
    with pytest.raises(WrongSecretKey):
        await other.check()


async def test_check_passes_with_right_key_or_empty_store(vault: Vault) -> None:
    await vault.check()
    await vault.seal(IVAN, "column", "text")
    await vault.check()


async def test_forgotten_key_shreds_everything(vault: Vault, store: Store) -> None:
    sealed = await vault.seal(IVAN, "column", "text")
    await store.write(vault.forget(IVAN))
    with pytest.raises(DataForgotten):
        await vault.open(IVAN, "column", sealed)
    again = await vault.seal(IVAN, "column", "new life")
    assert await vault.open(IVAN, "column", again) == "new life"
    with pytest.raises(DataForgotten):
        await vault.open(IVAN, "column", sealed)


async def test_two_first_seals_at_once_share_a_key(vault: Vault, autojump_clock: object) -> None:
    sealed: list[str] = []

    async def seal(text: str) -> None:
        sealed.append(await vault.seal(IVAN, "column", text))

    async with trio.open_nursery() as nursery:
        for number in range(10):
            nursery.start_soon(seal, str(number))
    assert {await vault.open(IVAN, "column", one) for one in sealed} == {str(number) for number in range(10)}


@pytest.mark.parametrize("text", ["", "short", "ж" * 43, "!" * 44, base64.b64encode(b"x" * 31).decode()])
def test_bad_secret_key_names_setting_never_value(text: str) -> None:
    with pytest.raises(VaultError, match="AURORA_SECRET_KEY") as caught:
        parse_secret_key(Secret(text))
    assert not text or text not in str(caught.value)


def test_secret_key_is_read_with_and_without_padding() -> None:
    key = make_secret_key()
    assert len(parse_secret_key(key)) == 32
    assert parse_secret_key(Secret(key.reveal().rstrip("="))) == parse_secret_key(Secret(f" {key.reveal()}\n"))


async def test_pseudonyms_are_stable_and_tell_nobody_apart_from_the_key(store: Store, clock: TrioClock) -> None:
    here, again, elsewhere = (Vault(store, key, clock) for key in (KEY, KEY, make_secret_key()))
    assert here.pseudonyms(IVAN) == again.pseudonyms(IVAN)
    assert here.pseudonyms(IVAN) != here.pseudonyms(ANNA)
    assert here.pseudonyms(IVAN) != elsewhere.pseudonyms(IVAN)
    assert str(IVAN) not in here.pseudonyms(IVAN)
    assert [len(name) for name in here.pseudonyms(IVAN)] == [32]


NEW = make_secret_key()
PEOPLE = [UserId(number) for number in range(450)]


async def seal_for_all(vault: Vault) -> dict[UserId, str]:
    return {user_id: await vault.seal(user_id, "column", f"text of {user_id}") for user_id in PEOPLE}


async def test_older_key_still_opens_and_the_newest_seals(vault: Vault, store: Store, clock: TrioClock) -> None:
    sealed = await vault.seal(IVAN, "column", "old")
    both = Vault(store, NEW, clock, older=[KEY])
    await both.check()
    assert await both.open(IVAN, "column", sealed) == "old"
    hers = await both.seal(ANNA, "column", "new")
    assert await Vault(store, NEW, clock).open(ANNA, "column", hers) == "new"
    assert both.left_behind == 1


async def test_rewrapping_brings_everybody_under_the_newest_key(vault: Vault, store: Store, clock: TrioClock) -> None:
    sealed = await seal_for_all(vault)
    both = Vault(store, NEW, clock, older=[KEY])
    assert await both.count_left_behind() == len(PEOPLE)
    assert await both.rewrap() == len(PEOPLE)
    assert both.left_behind == 0
    assert await both.rewrap() == 0
    alone = Vault(store, NEW, clock)
    await alone.check()
    for user_id, text in sealed.items():
        assert await alone.open(user_id, "column", text) == f"text of {user_id}"
    with pytest.raises(WrongSecretKey):
        await vault.check()


async def test_rewrapping_cut_off_anywhere_is_gone_on_with(
    vault: Vault, store: Store, clock: TrioClock, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = await seal_for_all(vault)
    write, writes = store.write, 0

    async def write_until_cut(rows: Write) -> None:
        nonlocal writes
        writes += 1
        if writes > 233:
            await trio.sleep_forever()
        await write(rows)

    monkeypatch.setattr(store, "write", write_until_cut)
    with trio.move_on_after(1):
        await Vault(store, NEW, clock, older=[KEY]).rewrap()
    monkeypatch.setattr(store, "write", write)
    both = Vault(store, NEW, clock, older=[KEY])
    assert await both.count_left_behind() == len(PEOPLE) - 233
    for user_id, text in sealed.items():
        assert await both.open(user_id, "column", text) == f"text of {user_id}"
    assert await both.rewrap() == len(PEOPLE) - 233
    await Vault(store, NEW, clock).check()


async def test_person_forgotten_while_keys_are_wrapped_anew_stays_forgotten(
    vault: Vault, store: Store, clock: TrioClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = await vault.seal(IVAN, "column", "text")
    both = Vault(store, NEW, clock, older=[KEY])
    page = store.data_keys.page

    async def page_then_forget(after: int, limit: int) -> list[DataKeyRow]:
        rows = await page(after, limit)
        await store.write(vault.forget(IVAN))
        return rows

    monkeypatch.setattr(store.data_keys, "page", page_then_forget)
    await both.rewrap()
    monkeypatch.undo()
    assert await store.data_keys.get(IVAN) is None
    with pytest.raises(DataForgotten):
        await both.open(IVAN, "column", sealed)


async def test_key_that_nobody_names_is_found_at_the_start(vault: Vault, store: Store, clock: TrioClock) -> None:
    await vault.seal(ANNA, "column", "under the first key")
    both = Vault(store, NEW, clock, older=[KEY])
    await both.rewrap()
    await vault_of_a_third_key(store, clock).seal(IVAN, "column", "text")
    with pytest.raises(WrongSecretKey, match="AURORA_SECRET_KEY_OLD"):
        await both.check()


def vault_of_a_third_key(store: Store, clock: TrioClock) -> Vault:
    return Vault(store, make_secret_key(), clock)


async def test_pseudonyms_of_older_keys_are_known_too(vault: Vault, store: Store, clock: TrioClock) -> None:
    both = Vault(store, NEW, clock, older=[KEY])
    assert both.pseudonyms(IVAN) == (*Vault(store, NEW, clock).pseudonyms(IVAN), *vault.pseudonyms(IVAN))
