"""The short stories of the machine `done_but_lost`: between them every write, read and call of the daemon happens once.

Each begins with a settled person (`guest.py`) and ends in silence. What a story is about stands in its function; what the
daemon may log and the checker may find beside that is named with the story.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import trio

import daemon.dialogs.engine
from daemon.admin.verb import Caller
from daemon.admin.verbs.catalogue import find_verb
from daemon.errors import Permanent
from daemon.metrics import Metrics
from daemon.web.metrics_page import MetricsPage
from store.durable.leases import NEVER
from store.durable.ownership import SHARDS, role_name, shard_name
from store.errors import Conflict, StoreError, StoreUnavailable
from store.write import join
from tests.crash.guest import ALICE
from tests.crash.lives import replaced
from tests.crash.whole_daemon import KEY, WORLD, remember_fingerprint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from daemon.admin.operations import Operations
    from daemon.rooms import Rooms
    from tests.crash.guest import Guest
    from tests.crash.whole_daemon import Theatre

MINUTE = 60.0
REHEARSED_SECONDS = 15.0
"""After a start, until open dialogs were tried against the scripts of today."""


@dataclass(frozen=True)
class Story:
    """One story."""

    play: Callable[[Theatre, Guest], Awaitable[None]]
    wish: str = "running"
    """Of the hunt when the story begins."""
    settings: Mapping[str, str] = field(default_factory=dict)
    limit: int = 1
    prepare: Callable[[Rooms], Awaitable[None]] | None = None
    """What is done in the life before the first."""
    is_shared: bool = False
    """On a store that several processes may share."""
    is_whole: bool = False
    """The start counts; otherwise only what comes after it."""
    errors: frozenset[str] = frozenset()
    """What the daemon logs as errors in this story."""
    excused: tuple[str, ...] = ()
    """Parts of what the checker rightly finds in this story."""


async def live_with_it(theatre: Theatre, guest: Guest) -> None:
    """Settings, language, resume, query, and letters that are shown first: rewritten, typed, sent, skipped."""
    del theatre
    await guest.ask("/settings")
    await guest.press("settings", "approval")
    await guest.press("approval", "approve")
    await guest.press("settings", "limit")
    await guest.press("limit", "10")
    await guest.press("words")
    await guest.hear()
    await guest.ask("охрана")
    await guest.ask("/query")
    await guest.choose(0)
    await guest.ask("/language")
    await guest.press("language", "en")
    await guest.ask("/resume")
    await guest.choose_until(0, "Done")
    await guest.insist(lambda: guest.ask("/autopilot"), lambda: guest.sees("v_rewrite"))
    await guest.press("v_rewrite")
    await guest.hear()
    await guest.press("v_edit")
    await guest.hear()
    await guest.ask("Здравствуйте! Я пишу сама. " * 3)
    await guest.insist(lambda: guest.press("v_send"), lambda: guest.count("application_made"))
    await guest.press("v_skip")
    await guest.press("v_never")
    await guest.ask("/pause")
    await guest.ask("/history")
    await guest.ask("/stop")
    await guest.ask("/status")


async def leave(theatre: Theatre, guest: Guest) -> None:
    """One application; then everything is deleted, with a dialog open and a message on its way."""
    await guest.see("application_made")
    await guest.hear("✅")
    await guest.ask("/query")
    await guest.ask("/delete")
    # The answer to this press may be among what is dropped.
    await guest.press("delete", "yes", is_answered=False)
    await guest.hear("Готово")
    del theatre


async def lose_messages(theatre: Theatre, guest: Guest) -> None:
    """Telegram is too busy, is broken, garbles; a handler fails; an update can't be read; somebody blocks the bot."""
    world = theatre.world
    for fault in ({"kind": "too_many"}, {"kind": "error", "status": 500}, {"kind": "broken_json"}):
        world.faults.add(**fault, service="telegram", path="*/sendMessage", count=1)
        await guest.ask("/help")
    theatre.life.hooks.trips["changed_at DESC"] = [Conflict("a race"), StoreUnavailable("away")]
    await guest.ask("/history")
    garbled = {"message_id": "nonsense", "chat": {"id": ALICE, "type": "private"}, "from": {"id": ALICE}}
    guest.mark()
    world.telegram.state.updates.put("message", garbled, chat=ALICE)
    await guest.hear()
    world.people.block(ALICE)
    await trio.sleep(1.0)
    world.people.unblock(ALICE)
    await guest.ask("/status")
    # Telegram says it first: what waits for her is dropped, and nothing is tried until she is back.
    world.telegram.state.people[ALICE].has_blocked = True
    world.log.note("blocked", chat=ALICE)
    world.telegram.state.updates.put("message", guest.words("/status"), chat=ALICE)
    await trio.sleep(5.0)
    guest.say("/help")
    await guest.hear()


async def meet_refusals(theatre: Theatre, guest: Guest) -> None:
    """An application is lost before it arrives, a letter refused; a captcha, a lost login, the limit."""
    board, person = theatre.world.hh.state, guest.person.person_id
    theatre.world.faults.add("reset_before", service="hh", method="POST", path="/negotiations", count=1)
    await guest.see("application_made")
    board.refuse_next("inappropriate_language", 400)
    await guest.see("application_made", 2)
    board.require_captcha(person)
    await guest.hear("🧩")
    board.switches.captcha_for.clear()
    await guest.ask("/start")
    await guest.see("application_made", 3)
    board.tokens.revoke_person(person)
    await guest.hear("🔑")
    await guest.insist(guest.connect, lambda: guest.count("application_made") >= 4)
    board.refuse_next("limit_exceeded", 400)
    # Where the refusal is what gets lost, the application is made after all.
    began = guest.now
    await guest.until(lambda: guest.has_heard("⏳", began) or guest.count("application_made") > 4)


async def be_operated(theatre: Theatre, guest: Guest) -> None:
    """An operator looks at everything, pauses and resumes a hunt, and lets one out of quarantine; keys are changed."""
    await guest.see("application_made")
    await order(theatre, "status")
    await order(theatre, "users")
    await order(theatre, "tree")
    await order(theatre, "why", user=str(ALICE))
    await order(theatre, "pause", user=str(ALICE), reason="a look")
    await order(theatre, "resume", user="all")
    operations = await operations_of(theatre)
    await patiently(MetricsPage(Metrics(), operations.store).make)
    guest.mark()
    theatre.life.hooks.trips["FROM checkpoints"] = [Permanent("a mistake of ours")]
    await order(theatre, "pause", user=str(ALICE), reason="once more")
    await order(theatre, "resume", user="all")
    await guest.hear("из-за ошибки")
    await order(theatre, "quarantine", action="retry", child="all")


async def share(theatre: Theatre, guest: Guest) -> None:
    """A process joins a store that another one has left without a word, and buries it; somebody hunts without a login."""
    await order(theatre, "why", user=str(ALICE))
    await guest.press("v_applied")
    await guest.ask("/status")


async def outlive_release(theatre: Theatre, guest: Guest) -> None:
    """A dialog is open while the daemon gives way to another release; a link gets too old."""
    await guest.ask("/query")
    await guest.choose(2)
    await guest.hear("Вот запрос")
    with replaced(daemon.dialogs.engine, "fingerprint_of", lambda script: f"{remember_fingerprint(script)}'"):
        await theatre.stop()
        await trio.sleep(REHEARSED_SECONDS)
        await guest.choose(0)
        await guest.hear("ищем")
        await guest.ask("/connect")
        await trio.sleep(15 * MINUTE)
        await guest.choose(1)


async def apply(theatre: Theatre, guest: Guest) -> None:
    """One application."""
    del theatre
    await guest.see("application_made")


async def order(theatre: Theatre, name: str, **words: str) -> None:
    """An operator's verb, said again where the store did not answer."""
    verb = find_verb(name)
    assert verb.answer is not None

    async def answer() -> object:
        assert verb.answer is not None
        return await verb.answer(await operations_of(theatre), Caller("story"), verb.read_args(words))

    await patiently(answer)


async def operations_of(theatre: Theatre) -> Operations:
    """What an operator reaches, as soon as a daemon is up."""
    while not theatre.lives or theatre.life.operations is None:  # noqa: ASYNC110 - virtual time
        await trio.sleep(0.1)
    return theatre.life.operations


async def patiently(act: Callable[[], Awaitable[object]]) -> None:
    """As people do who are told that something failed: once more."""
    for _ in range(5):
        try:
            await act()
        except StoreError:
            await trio.sleep(1.0)
        else:
            return


async def leave_without_word(rooms: Rooms) -> None:
    """Another process was a member and owned a shard and a role when it died; and Alice's login was deleted."""
    store, now = rooms.store, rooms.outside.clock.now()
    await store.write(store.board_accounts.delete_all(ALICE))
    await store.write(store.members.join("dead", lease_ms=15_000, now=now))
    names = (shard_name(ALICE % SHARDS), role_name("poller"))
    await store.write(join(store.leases.take_over(name, "dead", expires_at=NEVER) for name in names))


OTHER_KEY = base64.urlsafe_b64encode(bytes(range(1, 33))).decode()
STORIES: Mapping[str, Story] = {
    "life": Story(live_with_it, wish="paused", limit=2),
    "leaving": Story(leave, excused=("the press in update",)),
    "telegram": Story(lose_messages, wish="paused", excused=("is buried",)),
    "board": Story(meet_refusals, limit=8),
    "release": Story(outlive_release, wish="paused"),
    "operator": Story(
        be_operated,
        settings={"AURORA_SECRET_KEY": OTHER_KEY, "AURORA_SECRET_KEY_OLD": KEY},
        errors=frozenset({"child_quarantined"}),
        is_whole=True,
    ),
    "shared": Story(share, prepare=leave_without_word, is_shared=True, is_whole=True),
    "webhook": Story(
        apply,
        settings={"AURORA_TELEGRAM__MODE": "webhook", "AURORA_WEB__PUBLIC_URL": "https://aurora.example"},
        is_whole=True,
    ),
    "openai": Story(
        apply,
        settings={
            "AURORA_LLM__PROVIDER": "openai",
            "AURORA_LLM__BASE_URL": f"http://{WORLD}/openai/v1",
            "AURORA_AUTOPILOT__SCREENING": "model",
        },
    ),
}
