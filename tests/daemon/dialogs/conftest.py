"""A store in memory under the virtual clock, and an engine with one script."""

from contextlib import asynccontextmanager

import pytest

from daemon.clock import TrioClock
from daemon.dialogs.engine import DialogEngine
from daemon.outbox.outbox import Outbox
from daemon.schedule.scheduler import Scheduler
from store.durable.ownership import own_shards
from store.write import NOTHING
from tests.fakes.conversation import Conversation


class Bench:
    """A store that outlives engines: `engine(script)` is one life of the daemon."""

    def __init__(self, store, ownership):
        self.store = store
        self.clock = TrioClock()
        self.outbox = Outbox(store.queues, self.clock)
        self.ownership = ownership
        self.conversation = Conversation(store, self.clock, self._answer)

    @asynccontextmanager
    async def engine(self, *scripts, **options):
        named = {getattr(script, "script_name", "script"): script for script in scripts}
        self.now_running = DialogEngine(self.store, self.outbox, self.ownership, self.clock, named, **options)
        async with self.now_running.running():
            yield self.now_running

    async def fire_timers(self):
        await Scheduler(self.store, self.clock).fire_due()
        return await self.conversation.settle()

    async def _answer(self, incoming, button):
        message = incoming.update.message if incoming.update else None
        if message is not None and message.text == "/start":
            return await self.now_running.start("script", incoming)
        if message is not None and message.text == "/act":
            return await self.act(incoming)
        if message is not None and message.text == "/again":
            return await self.now_running.ask_again(incoming) or NOTHING
        if message is not None and message.text == "/cancel":
            return await self.now_running.leave(incoming.chat_id) or NOTHING
        return await self.now_running.deliver(incoming, button.argument if button else None)


@pytest.fixture
async def bench(store):
    async with own_shards(store, boot_id="boot", now=0) as ownership:
        yield Bench(store, ownership)
