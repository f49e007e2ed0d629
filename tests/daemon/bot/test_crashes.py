"""The daemon dies before or after every single write of a newcomer's story: nothing is said twice, nothing is lost."""

import pytest

from daemon.clock import TrioClock
from store.durable.ownership import own_shards
from store.factory import open_store
from tests.daemon.bot.conftest import Bot
from tests.fakes.crashing import Crash, CrashingStore

PASTED = "Желаемая должность: бухгалтер\nПять лет веду учёт в торговой компании, знаю 1С, налоги и отчётность."


class Forgetful(set):
    """Codes the board has seen. The real one takes a code once: a crash in the instant between its answer and our
    write loses the login, and the person is asked to sign in again; that instant is not what is shown here."""

    def add(self, code):
        pass


class SameQuery:
    """Writes the same query however often it is asked."""

    async def write_query(self, user_id, resume):
        return "NAME:работа"


class Story:
    """One person's story over a store that fails as planned; each crash is followed by another life."""

    def __init__(self, store, ownership, crash_at, when):
        plan = ["fine"] * crash_at + [when]
        self.bot = Bot(CrashingStore(store, plan), ownership, TrioClock())
        self.bot.queries = SameQuery()
        self.bot.board._codes_used = Forgetful()
        # The person and the board are outside of the daemon: what they write does not crash it.
        self.bot.chat.store = store
        self.store = store
        self.crashes = 0

    async def tell(self, acts):
        """Does one act after the other; a life lasts until its crash. What an act sent is in the inbox by then."""
        remaining = list(acts)
        while remaining:
            try:
                async with self.bot.running():
                    await self.bot.chat.settle()
                    while remaining:
                        act = remaining.pop(0)
                        await act(self)
                        await self.bot.chat.settle()
            except* Crash:
                self.crashes += 1
        async with self.bot.running():
            await self.bot.chat.settle()


def say(text):
    return lambda story: story.bot.chat.say(text)


def press(which=0):
    return lambda story: story.bot.chat.press(which)


async def come_back(story):
    web_door = story.bot.services(story.store)
    claim = await web_door.sessions.claim_return(story.bot.state_of_link(), "code-ivan", None)
    await story.store.write(claim)
    await story.bot.chat.settle()


BY_THE_BROWSER = [
    say("/start"),
    press(),
    press(),
    come_back,
    *[press()] * 4,
    say("/pause"),
    say("/autopilot"),
]
BY_A_PASTED_RESUME = [
    say("/start"),
    *[press()] * 3,
    say(PASTED),
    *[press()] * 4,
    say("/query"),
    press("onboarding.button.query_edit"),
    say("бухгалтер OR экономист"),
    press(),
]


async def live_through(acts, crash_at=10_000, when="after"):
    """What the person heard, how the hunt ended up, and how many crashes it took."""
    async with open_store("sqlite://", inline=True) as store, own_shards(store, boot_id="b", now=0) as ownership:
        story = Story(store, ownership, crash_at, when)
        await story.tell(acts)
        said = [(parcel.act, parcel.text.key) for parcel in story.bot.chat.heard if parcel.text is not None]
        hunt = await store.hunts.get(7)
        profile = await store.profiles.get(7)
        waiting = await store.queues.count("inbox", "waiting")
        return said, (hunt.wish, hunt.query, profile.title, waiting), story.crashes


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("acts", [BY_THE_BROWSER, BY_A_PASTED_RESUME], ids=["browser", "pasted"])
async def test_crash_at_any_write_changes_nothing_the_person_sees(acts, when):
    said, end, _ = await live_through(acts)
    crashes = 0
    for crash_at in range(60):
        heard, ended, happened = await live_through(acts, crash_at, when)
        assert heard == said, f"crash {when} write {crash_at}"
        assert ended == end, f"crash {when} write {crash_at}"
        crashes += happened
        if not happened:
            break
    assert crashes > 15
