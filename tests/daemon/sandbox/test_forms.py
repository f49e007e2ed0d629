"""Forms: every way a client may send fields, and bodies that are not what they say."""

from __future__ import annotations

import pytest

from daemon.sandbox.forms import BrokenForm, read_form
from daemon.sandbox.service import Request


def post(content_type: str, body: bytes) -> Request:
    return Request("POST", "/", {"a": ("from query",)}, {"content-type": content_type}, body)


MULTIPART = (
    b'--XX\r\nContent-Disposition: form-data; name="vacancy_id"\r\n\r\n42\r\n'
    b'--XX\r\nContent-Disposition: form-data; name="cv"; filename="cv.txt"\r\nContent-Type: text/plain\r\n\r\nline\r\n\r\nend\r\n'
    b"--XX--\r\n"
)


def test_query_alone_is_a_form():
    assert read_form(Request("GET", "/", {"a": ("1", "2")})).fields == {"a": "2"}


def test_json_body_keeps_its_types_and_wins_over_the_query():
    assert read_form(post("application/json", b'{"a": 5, "b": [1]}')).fields == {"a": 5, "b": [1]}


def test_urlencoded_body_is_read_with_blank_values():
    form = read_form(post("application/x-www-form-urlencoded; charset=utf-8", b"a=%D0%B4%D0%B0&b="))
    assert form.fields == {"a": "да", "b": ""}


def test_multipart_fields_and_files_are_told_apart():
    form = read_form(post('multipart/form-data; boundary="XX"', MULTIPART))
    assert form.text("vacancy_id") == "42"
    assert form.files["cv"].name == "cv.txt"
    assert form.files["cv"].content == b"line\r\n\r\nend"
    assert form.files["cv"].content_type == "text/plain"


def test_missing_field_is_its_default():
    assert read_form(Request("GET", "/")).text("nothing", "default") == "default"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[1]"),
        ("application/x-www-form-urlencoded", b"\xff\xfe"),
        ("multipart/form-data", MULTIPART),
        ("multipart/form-data; boundary=XX", MULTIPART[:-10]),
        ("multipart/form-data; boundary=XX", b"--XX\r\nno end of headers\r\n--XX--"),
        ("multipart/form-data; boundary=XX", b"--XX\r\nContent-Type: text/plain\r\n\r\nnameless\r\n--XX--"),
    ],
)
def test_a_body_that_is_not_what_it_says_is_broken(content_type, body):
    with pytest.raises(BrokenForm):
        read_form(post(content_type, body))
