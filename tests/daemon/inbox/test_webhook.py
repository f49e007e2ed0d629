"""Updates that are brought: set, watched over, kept before they are confirmed, and nobody else's."""

import random

import orjson
import pytest
import trio

from daemon.inbox.webhook import CONNECTIONS, LOOK_SECONDS, NotReceiving, NoUpdate, WebhookReceiver
from store.errors import StoreUnavailable
from store.write import NOTHING
from telegram_client.errors import NetworkTrouble
from tests.fakes.transport import Script, failure, make_client, ok

URL = "https://aurora.example/telegram/webhook/123456"
OURS = ok({"url": URL})


class Scene:
    """A receiver, its Telegram, and what reached the intake."""

    def __init__(self, clock, **answers):
        answers.setdefault("getWebhookInfo", OURS)
        self.script = Script(**answers)
        self.taken = []
        self.trouble = None
        self.neighbours = False
        self.receiver = WebhookReceiver(
            make_client(self.script),
            clock,
            take=self.take,
            url=URL,
            secrets=["new-secret", "old-secret"],
            has_neighbours=lambda: self.neighbours,
            random_source=random.Random(1),
        )

    async def take(self, batch, cursor, *, is_new):
        await trio.lowlevel.checkpoint()
        if self.trouble:
            raise self.trouble
        assert cursor == NOTHING
        self.taken.append(([raw["update_id"] for raw in batch], is_new))

    def calls(self, method):
        return [params for name, params in self.script.calls if name == method]


@pytest.fixture
def make_scene(clock, nursery):
    async def make(**answers):
        scene = Scene(clock, **answers)
        await nursery.start(scene.receiver.run)
        return scene

    return make


def update(number=1):
    return orjson.dumps({"update_id": number, "message": {"text": "x"}})


async def test_webhook_is_set_with_the_newest_secret_and_drops_nothing(make_scene, autojump_clock):
    scene = await make_scene()
    await trio.sleep(1)
    [params] = scene.calls("setWebhook")
    assert params == {
        "url": URL,
        "secret_token": "new-secret",
        "max_connections": CONNECTIONS,
        "allowed_updates": [],
        "drop_pending_updates": False,
    }
    assert scene.receiver.health.trouble == ""


async def test_health_stays_fresh_while_nothing_comes(make_scene, clock, autojump_clock):
    scene = await make_scene()
    for _ in range(50):
        await trio.sleep(7)
        assert scene.receiver.health.is_fresh(clock.now(), within_seconds=LOOK_SECONDS + 1)
    assert len(scene.calls("setWebhook")) == 1


async def test_update_is_on_disk_when_it_is_accepted(make_scene, autojump_clock):
    scene = await make_scene()
    await scene.receiver.accept(update(5))
    assert scene.taken == [([5], True)]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"{}", b'{"update_id": "1"}', b'{"update_id": -1}', b'"x"', b"\xff"]
)
async def test_what_is_no_update_is_said_to_be_none(make_scene, autojump_clock, body):
    scene = await make_scene()
    with pytest.raises(NoUpdate):
        await scene.receiver.accept(body)
    assert scene.taken == []


async def test_store_that_takes_nothing_confirms_nothing(make_scene, autojump_clock):
    scene = await make_scene()
    scene.trouble = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        await scene.receiver.accept(update())


async def test_before_the_start_and_after_the_end_nothing_is_taken(clock, autojump_clock):
    scene = Scene(clock)
    with pytest.raises(NotReceiving):
        await scene.receiver.accept(update())
    async with trio.open_nursery() as nursery:
        await nursery.start(scene.receiver.run)
        await scene.receiver.accept(update())
        nursery.cancel_scope.cancel()
    with pytest.raises(NotReceiving):
        await scene.receiver.accept(update())


async def test_where_others_answer_it_only_puts_updates_on_disk(clock, autojump_clock):
    scene = Scene(clock)
    scene.neighbours = True
    await scene.receiver.accept(update(3))
    assert scene.taken == [([3], False)]


@pytest.mark.parametrize(
    ("secret", "is_known"),
    [
        ("new-secret", True),
        ("old-secret", True),
        ("", False),
        ("new-secre", False),
        ("new-secret ", False),
        ("ключ\ud800", False),
    ],
)
async def test_only_who_knows_the_secret_is_telegram(clock, secret, is_known):
    assert Scene(clock).receiver.knows(secret) is is_known


async def test_unreachable_telegram_is_waited_for_and_named(make_scene, autojump_clock, logged):
    gone = [NetworkTrouble("no route", sent=False)] * 5
    scene = await make_scene(setWebhook=[*gone, ok(True)])
    await trio.sleep(1)
    assert "can't be reached" in scene.receiver.health.trouble
    assert scene.receiver.health.last_success_at is None
    await trio.sleep(120)
    assert scene.receiver.health.trouble == ""
    assert [line["event"] for line in logged] == ["receiving_hindered", "receiving_again"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (failure(401, "Unauthorized"), "AURORA_TELEGRAM__TOKEN"),
        (failure(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"), "HTTPS URL"),
        (failure(429, "Too Many Requests: retry after 9", {"retry_after": 9}), "429"),
    ],
)
async def test_refused_webhook_says_why(make_scene, autojump_clock, answer, words):
    scene = await make_scene(setWebhook=answer)
    await trio.sleep(5)
    assert words in scene.receiver.health.trouble


async def test_receiver_that_moves_on_is_never_late(make_scene, autojump_clock):
    scene = await make_scene(setWebhook=[NetworkTrouble("no route", sent=False)] * 5 + [ok(True)])
    for _ in range(40):
        await trio.sleep(9)
        assert trio.current_time() < scene.receiver.mark.due_at < trio.current_time() + 200


async def test_webhook_of_somebody_else_is_set_back_without_haste(make_scene, autojump_clock):
    scene = await make_scene(getWebhookInfo=ok({"url": "https://elsewhere.example"}))
    await trio.sleep(600)
    assert "another address" in scene.receiver.health.trouble
    assert 15 < len(scene.calls("setWebhook")) < 60


async def test_deliveries_that_fail_are_told_in_telegram_s_words(make_scene, clock, autojump_clock):
    def info(**more):
        return ok({"url": URL, **more})

    now = clock.now() // 1000
    failing = info(pending_update_count=3, last_error_date=now, last_error_message="Connection refused")
    past = info(pending_update_count=1, last_error_date=now, last_error_message="Connection refused")
    scene = await make_scene(getWebhookInfo=[failing, past, past, past])
    await trio.sleep(1)
    assert scene.receiver.health.trouble == "Telegram can't deliver 3 updates: Connection refused"
    await trio.sleep(3 * LOOK_SECONDS)
    assert scene.receiver.health.trouble == "", "what failed long ago is no trouble now"
