"""Answers as bytes."""

from __future__ import annotations

from daemon.sandbox.service import Response
from daemon.sandbox.wire import head_of, serialise


def test_an_answer_says_its_length():
    assert serialise(Response(201, {"location": "/x"}, b"ab")) == (
        b"HTTP/1.1 201 Created\r\nlocation: /x\r\ncontent-length: 2\r\n\r\nab"
    )


def test_no_content_says_no_length():
    assert b"content-length" not in head_of(Response(204))


def test_a_status_nobody_knows_is_sent_all_the_same():
    assert head_of(Response(599)).startswith(b"HTTP/1.1 599 Unknown\r\n")
