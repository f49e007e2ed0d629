"""The values that doubles speak in."""

from __future__ import annotations

import orjson

from daemon.sandbox.service import ConnectionCut, answer_json


def test_a_json_answer_says_what_it_is():
    answer = answer_json({"а": 1}, 201)
    assert (answer.status, answer.headers["content-type"]) == (201, "application/json; charset=utf-8")
    assert orjson.loads(answer.body) == {"а": 1}


def test_a_cut_may_come_after_a_beginning():
    assert ConnectionCut().sent == b""
    assert ConnectionCut(b"HTTP/1.1 2").sent == b"HTTP/1.1 2"
