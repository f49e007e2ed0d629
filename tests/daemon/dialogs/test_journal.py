"""A dialog's rows: one write a commit, guarded by a version."""

import pytest

from daemon.dialogs.journal import TIMER_DUE, DialogJournal, Record, journal_name
from daemon.dialogs.question import OpenQuestion, Sleeping, Working
from daemon.dialogs.running import Draft, Entry, Place
from daemon.outbox.message import Text
from store.errors import Conflict

QUESTION = OpenQuestion("q", 1, Text("t.q"))


def new_record(chat_id=7, **changes):
    fields = {"script": "s", "fingerprint": "f", "opened_at": 5, "is_new": True}
    return Record(chat_id=chat_id, user_id=chat_id, **{**fields, **changes})


@pytest.fixture
def journal(store):
    return DialogJournal(store)


async def save(store, journal, record, waiting=QUESTION, **draft):
    await store.write(journal.save(record, Draft(**draft), waiting, now=9))
    record.advance(waiting)


async def test_nothing_is_loaded_where_nothing_is(journal):
    assert await journal.load(7) is None


async def test_what_was_saved_is_loaded(store, journal):
    record = new_record(place=Place(["a"], {"x": 1}, 2))
    await save(store, journal, record, entries=[Entry("answered", "t.q", {"text": "x"})], is_trimmed=True)
    loaded = await journal.load(7)
    assert (loaded.place, loaded.waiting, loaded.version) == (record.place, QUESTION, record.version)
    assert (loaded.script, loaded.fingerprint, loaded.user_id) == ("s", "f", 7)
    assert await journal.load_entries(loaded) == [Entry("answered", "t.q", {"text": "x"})]
    assert loaded.position == record.position == 1


async def test_state_of_the_start_is_kept_without_a_checkpoint(store, journal):
    await save(store, journal, new_record(place=Place([], {"returned": {"code": "x"}}, 0)))
    assert (await journal.load(7)).place.state == {"returned": {"code": "x"}}


async def test_entries_grow_and_a_checkpoint_trims_them(store, journal):
    record = new_record()
    for number in range(3):
        await save(store, journal, record, entries=[Entry("now", "", number)])
    assert [entry.value for entry in await journal.load_entries(record)] == [0, 1, 2]
    await save(store, journal, record, entries=[Entry("now", "", 9)], is_trimmed=True)
    assert [entry.value for entry in await journal.load_entries(record)] == [9]
    await save(store, journal, record, entries=[Entry("now", "", 10)])
    assert [entry.value for entry in await journal.load_entries(record)] == [9, 10]


async def test_hundredth_answer_costs_what_the_second_does(store, journal):
    record = new_record()
    for number in range(100):
        await save(store, journal, record, entries=[Entry("now", "", number)], is_trimmed=True)
    assert len(await journal.load_entries(record)) == 1


async def test_second_dialog_of_a_chat_is_refused(store, journal):
    await save(store, journal, new_record())
    with pytest.raises(Conflict):
        await save(store, journal, new_record())


async def test_dialog_that_moved_on_elsewhere_is_refused(store, journal):
    await save(store, journal, new_record())
    mine, theirs = await journal.load(7), await journal.load(7)
    await save(store, journal, theirs)
    with pytest.raises(Conflict):
        await save(store, journal, mine, entries=[Entry("now", "", 1)])
    assert await journal.load_entries(mine) == []


async def test_closed_dialog_leaves_no_rows(store, journal):
    await save(store, journal, new_record(), entries=[Entry("now", "", 1)])
    await store.write(journal.close(7))
    await store.write(journal.close(7))
    assert await journal.load(7) is None
    assert await store.journals.entries(journal_name(7)) == []


async def test_dialogs_at_work_are_found_among_many(store, journal):
    for chat_id in range(1, 40):
        waiting = Working("fetch") if chat_id % 10 == 0 else QUESTION
        await save(store, journal, new_record(chat_id), waiting)
    assert sorted(record.chat_id for record in await journal.load_working()) == [10, 20, 30]


async def test_timer_carries_the_event_it_becomes(store, journal):
    await store.write(journal.set_timer(new_record(), "dialog:7:q", 99))
    [timer] = await store.timers.due(99, 10)
    assert timer.payload == {"event": TIMER_DUE, "data": {"timer": "dialog:7:q"}, "user_id": 7}
    await store.write(journal.cancel_timer(Sleeping(99, "dialog:7:q")))
    assert await store.timers.due(99, 10) == []
    assert not journal.cancel_timer(QUESTION)
    assert not journal.cancel_timer(None)


class Shouting:
    """A sealer anybody can read, to see what was sealed."""

    async def seal(self, user_id, column, text):
        return f"{user_id}|{column}|{text.upper()}"

    async def open(self, user_id, column, sealed):
        return sealed.split("|")[2].lower()


async def test_typed_text_is_sealed_and_nothing_else(store):
    journal = DialogJournal(store, Shouting())
    typed = await journal.seal(7, Entry("answered", "t.q", {"text": "омск"}))
    assert typed.value == {"sealed": "7|journal_entries.value|ОМСК"}
    pressed = Entry("answered", "t.q", {"option": "yes"})
    assert await journal.seal(7, pressed) is pressed
    assert (await journal.seal(7, Entry("did", "w", [1]))).value == [1]
    record = new_record()
    await save(store, journal, record, entries=[typed, pressed])
    assert [entry.value for entry in await journal.load_entries(record)] == [{"text": "омск"}, {"option": "yes"}]
