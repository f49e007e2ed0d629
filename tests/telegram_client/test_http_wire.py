"""HTTP as bytes."""

import gzip
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telegram_client.errors import AnswerTooLarge, NetworkTrouble, ServerTrouble
from telegram_client.http_wire import HEAD_LIMIT, AnswerReader, BodyDecoder, RequestWriter, decode_body
from telegram_client.transport import HttpRequest


def reader_of(*pieces, limit=1000):
    reader = AnswerReader(limit)
    for piece in pieces:
        reader.feed(piece)
    return reader


def test_request_is_written_with_its_length():
    head = RequestWriter("api.example").write_head(HttpRequest("POST", "/x", {"A": "b"}, b"12345"))
    assert (
        head == b"POST /x HTTP/1.1\r\nHost: api.example\r\nAccept-Encoding: gzip\r\nA: b\r\nContent-Length: 5\r\n\r\n"
    )


def test_get_has_no_length_and_empty_post_has():
    writer = RequestWriter("h")
    assert b"Content-Length" not in writer.write_head(HttpRequest("GET", "/x"))
    assert b"Content-Length: 0" in writer.write_head(HttpRequest("POST", "/x"))


def test_proxy_gets_absolute_addresses():
    writer = RequestWriter("h:8", target_prefix="http://h:8", extra_headers={"Proxy-Authorization": "Basic eA=="})
    head = writer.write_head(HttpRequest("GET", "/x"))
    assert head.startswith(b"GET http://h:8/x HTTP/1.1\r\nHost: h:8\r\n")
    assert b"Proxy-Authorization: Basic eA==\r\n" in head


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-One: 1\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"


@given(st.lists(st.integers(1, len(CHUNKED) - 1), max_size=6))
def test_answer_is_the_same_however_it_is_cut(places):
    cuts = [0, *sorted(set(places)), len(CHUNKED)]
    reader = reader_of(*(CHUNKED[start:end] for start, end in pairwise(cuts)))
    assert reader.is_complete
    assert reader.can_stay
    assert b"".join(reader.take_chunks()) == b"abcdefg"
    assert reader.headers["x-one"] == "1"


def test_reader_reads_one_answer_after_the_other():
    reader = reader_of(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")
    assert reader.take_chunks() == [b"a"]
    reader.start()
    reader.feed(b"HTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nb")
    assert (reader.status, reader.take_chunks()) == (404, [b"b"])


def test_answer_nobody_asked_for_ends_the_connection():
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"
    reader = reader_of(answer + b"a" + answer.replace(b"200", b"500") + b"b")
    assert (reader.status, reader.take_chunks(), reader.can_stay) == (200, [b"a"], False)


def test_interim_answer_is_not_the_answer():
    reader = reader_of(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert (reader.status, reader.is_complete, reader.take_chunks()) == (200, True, [b"ok"])


def test_closing_answer_does_not_keep_its_connection():
    assert not reader_of(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").can_stay


def test_body_without_length_ends_with_its_connection():
    reader = reader_of(b"HTTP/1.1 200 OK\r\n\r\nabc")
    assert not reader.is_complete
    reader.feed_eof()
    assert reader.is_complete
    assert not reader.can_stay


@pytest.mark.parametrize(
    "begun", [b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", CHUNKED[:-5]]
)
def test_connection_that_ends_too_early_is_network_trouble(begun):
    with pytest.raises(NetworkTrouble) as caught:
        reader_of(begun).feed_eof()
    assert caught.value.sent


@pytest.mark.parametrize("noise", [b"SSH-2.0-OpenSSH\r\n", b"\x15\x03\x01\x00\x02\x02", b"HTTP/9 x\r\n\r\n", b"<html>"])
def test_what_is_no_http_is_server_trouble(noise):
    with pytest.raises(ServerTrouble):
        reader_of(noise)


@given(st.binary(max_size=300))
def test_noise_is_never_a_crash(noise):
    reader = AnswerReader(100)
    try:
        reader.feed(b"HTTP/1.1 200 OK\r\n" + noise)
        reader.feed_eof()
    except (ServerTrouble, NetworkTrouble):
        pass


def test_length_that_is_too_large_is_refused_before_the_body():
    with pytest.raises(AnswerTooLarge):
        reader_of(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n")


def test_endless_body_is_refused():
    reader = reader_of(b"HTTP/1.1 200 OK\r\n\r\n")
    with pytest.raises(AnswerTooLarge):  # noqa: PT012 - which piece is one too many is not the point
        for _ in range(100):
            reader.feed(b"x" * 1000)


def test_endless_headers_are_refused():
    reader = AnswerReader(10 * HEAD_LIMIT)
    reader.feed(b"HTTP/1.1 200 OK\r\n")
    with pytest.raises(ServerTrouble, match="headers"):  # noqa: PT012 - which piece is one too many is not the point
        for _ in range(HEAD_LIMIT // 1000 + 1):
            reader.feed(b"X-Y: " + b"x" * 1000 + b"\r\n")


def test_body_is_unfolded():
    assert decode_body({"content-encoding": "gzip"}, [gzip.compress(b"words")], 100) == b"words"
    assert decode_body({"content-encoding": "identity"}, [b"wo", b"rds"], 100) == b"words"
    assert decode_body({}, [], 100) == b""


def test_gzip_bomb_is_refused():
    with pytest.raises(AnswerTooLarge):
        decode_body({"content-encoding": "gzip"}, [gzip.compress(b"\0" * 1_000_000)], 1000)
    with pytest.raises(AnswerTooLarge):
        decode_body({}, [b"\0" * 2000], 1000)


@pytest.mark.parametrize("body", [b"not gzip", gzip.compress(bytes(range(256)))[:100]], ids=["no gzip", "cut off"])
def test_broken_gzip_is_server_trouble(body):
    with pytest.raises(ServerTrouble):
        decode_body({"content-encoding": "gzip"}, [body], 10_000)


def test_encoding_nobody_asked_for_is_server_trouble():
    with pytest.raises(ServerTrouble, match="br"):
        BodyDecoder({"content-encoding": "br"}, 10)
