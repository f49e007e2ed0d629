"""Forms as browsers and clients send them to the simulated board."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.sandbox.hh_forms import BrokenForm, content_type_of, read_multipart, read_urlencoded
from daemon.sandbox.service import Request

FIELDS = st.dictionaries(
    st.text("abcdefghij_", min_size=1, max_size=8),
    st.text(st.characters(blacklist_categories=("Cs",)), max_size=40).filter(lambda text: "--b" not in text),
    max_size=5,
)


def multipart(body: bytes, content_type: str = "multipart/form-data; boundary=b") -> Request:
    return Request("POST", "/", {}, {"content-type": content_type}, body)


def part(name: str, value: str) -> str:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'


@given(FIELDS)
def test_multipart_is_read_as_it_was_written(fields: dict[str, str]):
    body = "".join(part(name, value) for name, value in fields.items()) + "--b--\r\n"
    assert read_multipart(multipart(body.encode())) == fields


@given(FIELDS)
def test_urlencoded_is_read_as_it_was_written(fields: dict[str, str]):
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    assert read_urlencoded(Request("POST", "/", {}, headers, urlencode(fields).encode())) == fields


def test_value_may_hold_line_breaks_and_dashes():
    value = "Здравствуйте!\r\n\r\n-- \r\nМария"
    assert read_multipart(multipart((part("message", value) + "--b--").encode())) == {"message": value}


def test_boundary_may_be_quoted_and_stand_anywhere():
    request = multipart((part("a", "1") + "--b--").encode(), 'multipart/form-data; charset=utf-8; boundary="b"')
    assert read_multipart(request) == {"a": "1"}


def test_files_are_read_as_text():
    body = '--b\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b--'
    assert read_multipart(multipart(body.encode())) == {"f": "hi"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"--b--", "text/plain"),
        (b"--b--", "multipart/form-data"),
        (b"", "multipart/form-data; boundary=b"),
        (part("a", "1").encode(), "multipart/form-data; boundary=b"),
        (b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b"),
        (b'--b\r\nContent-Disposition: form-data; name="a"', "multipart/form-data; boundary=b"),
        (part("a", "\xff").encode("latin-1") + b"--b--", "multipart/form-data; boundary=b"),
    ],
)
def test_broken_multipart_is_an_error(body: bytes, content_type: str):
    with pytest.raises(BrokenForm):
        read_multipart(multipart(body, content_type))


@pytest.mark.parametrize("body", [b"noequals", b"a=%D1;\xff"])
def test_broken_urlencoded_is_an_error(body: bytes):
    with pytest.raises(BrokenForm):
        read_urlencoded(Request("POST", "/", {}, {"content-type": "application/x-www-form-urlencoded"}, body))


def test_other_content_is_no_form():
    with pytest.raises(BrokenForm):
        read_urlencoded(Request("POST", "/", {}, {"content-type": "application/json"}, b"{}"))
    assert content_type_of(Request("POST", "/")) == ""
    assert content_type_of(multipart(b"")) == "multipart/form-data"
