"""The daemon dies before or after any commit of a dialog: the person notices nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.clock import TrioClock
from daemon.dialogs.dialog import Option
from daemon.dialogs.engine import DialogEngine
from daemon.outbox.message import Text
from daemon.outbox.outbox import Outbox
from store.durable.ownership import own_shards
from store.factory import open_store
from tests.fakes.conversation import Conversation
from tests.fakes.crashing import Crash, CrashingStore

KINDS = [Option("add", Text("t.add")), Option("look", Text("t.look")), Option("stop", Text("t.stop"))]


async def fetch():
    return 3


async def tour(dialog):
    if not dialog.has_passed("name"):
        dialog.say(Text("t.hello"))
        name = (await dialog.ask(Text("t.name"), accept=str.title)).text
        dialog.say(Text("t.nice", {"name": name}))
        await dialog.checkpoint("name", name=name, total=0)
    total = dialog.state["total"]
    while (kind := await dialog.choose(Text("t.more", {"total": total}), KINDS)) != "stop":
        if kind == "look":
            await dialog.now()
            dialog.say(Text("t.looked"))
            continue
        dialog.say(Text("t.fetching"))
        total += await dialog.do("fetch", fetch)
        dialog.say(Text("t.got", {"total": total}))
        if total % 2 == 0:
            await dialog.checkpoint("total", total=total)
    dialog.say(Text("t.bye", {"name": dialog.state["name"], "total": total}))


class Lives:
    """Runs `tour` through as many lives as the plan of crashes takes."""

    def __init__(self, store, ownership, plan):
        self.clock = TrioClock()
        self.store = store
        self.crashing = CrashingStore(store, plan)
        self.ownership = ownership
        self.outbox = Outbox(store.queues, self.clock)
        self.chat = Conversation(store, self.clock, self._answer)
        self.crashes = 0

    async def _answer(self, incoming, button):
        message = incoming.update.message
        if message is not None and message.text == "/start":
            return await self.engine.start("tour", incoming)
        return await self.engine.deliver(incoming, button.argument if button else None)

    async def live(self, act):
        """One act of the person, and as many restarts as it takes until everything it caused is done."""
        while True:
            self.engine = DialogEngine(self.crashing, self.outbox, self.ownership, self.clock, {"tour": tour})
            try:
                async with self.engine.running():
                    await act()
                    await self.chat.settle()
            except* Crash:
                self.crashes += 1
                act = self.chat.settle
            else:
                return

    async def answer(self, kind):
        if kind == "text":
            await self.live(lambda: self.chat.say("анна"))
        else:
            button = self.chat.find_button(0 if kind == "press" else f"t.{kind}")
            await self.live(lambda: self.chat.press_button(button))


async def lead_through(answers, plan):
    """What was heard, and whether a dialog is left."""
    async with open_store("sqlite://", inline=True) as store, own_shards(store, boot_id="b", now=0) as ownership:
        lives = Lives(store, ownership, plan)
        await lives.live(lambda: lives.chat.say("/start"))
        await lives.live(lambda: lives.chat.say("анна"))
        for kind in answers:
            await lives.answer(kind)
        await lives.chat.listen()
        said = [(parcel.act, parcel.text) for parcel in lives.chat.heard if parcel.text is not None]
        journal = await store.journals.get(f"dialog:{lives.chat.chat_id}")
        state = None if journal is None else (dict(journal.state), journal.passed)
        return said, state, lives.crashes


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    answers=st.lists(st.sampled_from(["add", "add", "look", "text", "stop"]), max_size=7),
    plan=st.lists(st.sampled_from(["fine", "fine", "before", "after"]), max_size=25),
)
async def test_crashes_at_any_commit_change_nothing_a_person_sees(answers, plan):
    undisturbed = await lead_through(answers, [])
    said, state, _ = await lead_through(answers, plan)
    assert said == undisturbed[0]
    assert state == undisturbed[1]


async def test_plan_of_crashes_does_crash():
    _, _, crashes = await lead_through(["add", "look", "stop"], ["before", "after", "fine", "before", "after"])
    assert crashes == 4
