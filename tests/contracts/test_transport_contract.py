"""What every transport promises: the real one against a loopback server, plain and TLS, and the fake one."""

import ssl
from contextlib import asynccontextmanager

import pytest
import trio
import trustme

from telegram_client.errors import AnswerTooLarge, NetworkTrouble
from telegram_client.http_transport import ANSWER_LIMIT, HttpTransport
from telegram_client.transport import Deadlines, HttpRequest
from tests.fakes.loopback import serve_peer
from tests.fakes.transport import Answer, Cut, FakeTransport, Hang

POST = HttpRequest("POST", "/bot1:x/sendMessage", {"Content-Type": "application/json"}, b'{"chat_id":1}')
POLL = HttpRequest("POST", "/bot1:x/getUpdates", {"Content-Type": "application/json"}, b"{}", is_repeatable=True)
PATIENT = Deadlines()


@asynccontextmanager
async def open_plain(peer):
    async with serve_peer(peer) as server:
        transport = HttpTransport(server.url)
        yield transport
        await transport.aclose()


@asynccontextmanager
async def open_tls(peer):
    authority = trustme.CA()
    server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server_tls)
    client_tls = ssl.create_default_context()
    authority.configure_trust(client_tls)
    async with serve_peer(peer, tls=server_tls) as server:
        transport = HttpTransport(server.url, tls=client_tls)
        yield transport
        await transport.aclose()


@asynccontextmanager
async def open_fake(peer):
    yield FakeTransport(peer)


@pytest.fixture(params=[open_plain, open_tls, open_fake], ids=["plain", "tls", "fake"])
def open_transport(request):
    return request.param


def answering(*answers):
    """A peer that gives these answers in turn; the last one stays."""
    left = list(answers)

    async def peer(seen):
        peer.seen.append(seen)
        await trio.lowlevel.checkpoint()
        return left.pop(0) if len(left) > 1 else left[0]

    peer.seen = []
    return peer


async def test_request_arrives_as_it_was_made(open_transport):
    peer = answering(Answer(200, b"{}"))
    async with open_transport(peer) as transport:
        await transport.send(POST, PATIENT)
    [seen] = peer.seen
    assert (seen.method, seen.path, seen.body) == (POST.method, POST.path, POST.body)
    assert seen.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"words"),
        Answer(200, b"words" * 50_000),
        Answer(200, b"words" * 5_000, is_chunked=True),
        Answer(200, b"words" * 5_000, is_gzip=True),
        Answer(200, b"words" * 5_000, is_gzip=True, is_chunked=True),
        Answer(200, b"words", has_length=False),
        Answer(200, b"words", closes=True),
        Answer(200, b""),
        Answer(502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"}),
    ],
    ids=["length", "long", "chunked", "gzip", "gzip-chunked", "until-end", "closing", "empty", "error"],
)
async def test_answer_is_read_whole(open_transport, answer):
    async with open_transport(answering(answer)) as transport:
        for _ in range(2):
            response = await transport.send(POST, PATIENT)
            assert (response.status, response.body) == (answer.status, answer.body)


async def test_headers_have_names_in_lower_case(open_transport):
    async with open_transport(answering(Answer(200, b"", {"Content-Type": "text/html"}))) as transport:
        assert (await transport.send(POST, PATIENT)).headers["content-type"] == "text/html"


async def test_calls_side_by_side_get_their_own_answers(open_transport):
    async def echo(seen):
        await trio.lowlevel.checkpoint()
        return Answer(200, seen.body)

    async with open_transport(echo) as transport:

        async def ask(number):
            body = str(number).encode() * 100
            assert (await transport.send(HttpRequest("POST", "/x", {}, body), PATIENT)).body == body

        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(ask, number)


async def test_body_of_ten_megabytes_is_refused(open_transport):
    for is_chunked in (False, True):
        answer = Answer(200, b"x" * 10_000_000, is_chunked=is_chunked)
        async with open_transport(answering(answer)) as transport:
            with pytest.raises(AnswerTooLarge, match=str(ANSWER_LIMIT)):
                await transport.send(POST, PATIENT)


async def test_cut_before_the_answer_may_have_been_sent(open_transport):
    async with open_transport(answering(Cut())) as transport:
        with pytest.raises(NetworkTrouble) as caught:
            await transport.send(POST, PATIENT)
    assert caught.value.sent
    assert not caught.value.began_well


async def test_cut_in_the_middle_of_the_answer_may_have_been_sent(open_transport):
    for status in (200, 502):
        async with open_transport(answering(Answer(status, b"half of it", cut_after=4))) as transport:
            with pytest.raises(NetworkTrouble) as caught:
                await transport.send(POST, PATIENT)
        assert caught.value.sent
        assert caught.value.began_well is (status == 200)


async def test_hanging_server_runs_into_the_deadline(open_transport):
    async with open_transport(answering(Hang())) as transport:
        with pytest.raises(NetworkTrouble, match=r"time|answer") as caught:
            await transport.send(POST, Deadlines(first_byte=0.05))
    assert caught.value.sent


async def test_next_call_after_trouble_is_served(open_transport):
    answers = answering(Answer(200, b"half", cut_after=2), Answer(200, b"whole"))
    async with open_transport(answers) as transport:
        with pytest.raises(NetworkTrouble):
            await transport.send(POST, PATIENT)
        assert (await transport.send(POST, PATIENT)).body == b"whole"


async def test_cancelled_call_does_not_spoil_the_next_one(open_transport):
    asked = trio.Event()

    async def peer(seen):
        await trio.lowlevel.checkpoint()
        if asked.is_set():
            return Answer(200, b"mine")
        asked.set()
        return Hang()

    async with open_transport(peer) as transport:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(transport.send, POST, PATIENT)
            await asked.wait()
            nursery.cancel_scope.cancel()
        assert (await transport.send(POST, PATIENT)).body == b"mine"


async def test_stream_gives_the_body_in_pieces(open_transport):
    answer = Answer(200, b"piece" * 100_000, {"Content-Type": "application/pdf"})
    async with open_transport(answering(answer)) as transport, transport.stream(POLL, PATIENT) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"] == "application/pdf"
        pieces = [piece async for piece in stream.chunks]
    assert len(pieces) > 1
    assert b"".join(pieces) == answer.body


async def test_stream_that_is_cut_is_network_trouble(open_transport):
    async with open_transport(answering(Answer(200, b"x" * 200_000, cut_after=70_000))) as transport:
        with pytest.raises(NetworkTrouble):  # noqa: PT012 - trouble comes while the block runs
            async with transport.stream(POLL, PATIENT) as stream:
                async for _ in stream.chunks:
                    pass


async def test_stream_left_early_does_not_spoil_the_next_call(open_transport):
    answers = answering(Answer(200, b"x" * 500_000), Answer(200, b"next"))
    async with open_transport(answers) as transport:
        async with transport.stream(POLL, PATIENT) as stream:
            async for _ in stream.chunks:
                break
        assert (await transport.send(POST, PATIENT)).body == b"next"


async def test_repeatable_call_on_a_dead_connection_is_made_again(open_transport):
    answers = answering(Answer(200, b"first"), Cut(), Answer(200, b"again"))
    async with open_transport(answers) as transport:
        await transport.send(POLL, PATIENT)
        assert (await transport.send(POLL, PATIENT)).body == b"again"


async def test_other_call_on_a_dead_connection_is_not_made_again(open_transport):
    answers = answering(Answer(200, b"first"), Cut(), Answer(200, b"again"))
    async with open_transport(answers) as transport:
        await transport.send(POST, PATIENT)
        with pytest.raises(NetworkTrouble) as caught:
            await transport.send(POST, PATIENT)
    assert caught.value.sent
    assert len(answers.seen) == 2
