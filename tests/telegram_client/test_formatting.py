"""Escaping and splitting of Telegram's HTML."""

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telegram_client.formatting import clean, escape, expandable_quote, split_html, strip_tags, units

TAG = re.compile(r"<(/?)([a-z]+)[^<>]*>")


def is_balanced(html):
    stack = []
    for closing, name in TAG.findall(html):
        if not closing:
            stack.append(name)
        elif not stack or stack.pop() != name:
            return False
    return not stack


def seen_units(html):
    return units(strip_tags(html))


def test_escape_leaves_nothing_that_means_something():
    assert escape('a < b & "c" > d') == "a &lt; b &amp; &quot;c&quot; &gt; d"
    assert escape("plain") == "plain"


@given(st.text())
def test_escaped_text_reads_as_it_was(text):
    assert strip_tags(escape(text)) == text


def test_units_are_counted_as_telegram_does():
    assert units("abc") == 3
    assert units("привет") == 6
    assert units("👩‍💻") == 5


def test_short_text_is_one_piece():
    assert split_html("<b>hello</b>") == ["<b>hello</b>"]
    assert split_html("") == [""]


def test_ten_thousand_characters_are_three_pieces():
    pieces = split_html("я" * 10_000)
    assert [len(piece) for piece in pieces] == [4096, 4096, 1808]


def test_text_is_cut_at_the_last_line_end_of_its_second_half():
    pieces = split_html("a" * 7 + "\n" + "b" * 7, limit=10)
    assert pieces == ["a" * 7 + "\n", "b" * 7]


def test_early_line_end_is_no_reason_to_cut():
    assert split_html("a\n" + "b" * 12, limit=10) == ["a\n" + "b" * 8, "bbbb"]


def test_open_tags_are_closed_and_opened_again():
    pieces = split_html('<b><a href="https://x.org/?a=1">' + "c" * 15 + "</a></b>", limit=10)
    assert pieces == [
        '<b><a href="https://x.org/?a=1">' + "c" * 10 + "</a></b>",
        '<b><a href="https://x.org/?a=1">' + "c" * 5 + "</a></b>",
    ]


def test_tag_closed_after_the_cut_stays_with_its_text():
    pieces = split_html("<b>aaaaaa bb</b>cc<i>dd</i>", limit=10)
    assert all(is_balanced(piece) for piece in pieces)
    assert "".join(strip_tags(piece) for piece in pieces) == "aaaaaa bbccdd"


def test_entity_is_not_cut():
    pieces = split_html("a" * 9 + "&amp;&lt;" + "b" * 5, limit=10)
    assert pieces == ["a" * 9 + "&amp;", "&lt;" + "b" * 5]


def test_surrogate_pair_is_not_cut():
    pieces = split_html("a" * 9 + "😀" + "b", limit=10)
    assert pieces == ["a" * 9, "😀b"]


def test_stray_closing_tag_is_dropped():
    assert all(is_balanced(piece) for piece in split_html("</b>" + "a" * 20, limit=10))


ATOMS = st.sampled_from(["a", "я", "😀", "&amp;", "&lt;", " ", "\n", "word ", "long" * 6, "👩‍💻"])


@st.composite
def html_texts(draw, depth=3):
    parts = []
    for _ in range(draw(st.integers(0, 12))):
        if depth and draw(st.booleans()):
            tag = draw(st.sampled_from(["b", "i", 'a href="https://x.org"', "blockquote expandable"]))
            parts.append(f"<{tag}>{draw(html_texts(depth=depth - 1))}</{tag.split()[0]}>")
        else:
            parts.append(draw(ATOMS))
    return "".join(parts)


@settings(max_examples=200, deadline=None)
@given(html_texts(), st.integers(4, 40))
def test_pieces_rejoin_stay_within_the_limit_and_are_balanced(html, limit):
    pieces = split_html(html, limit)
    assert "".join(strip_tags(piece) for piece in pieces) == strip_tags(html)
    assert all(seen_units(piece) <= limit for piece in pieces)
    assert all(is_balanced(piece) for piece in pieces)
    for piece in pieces:
        piece.encode("utf-16-le")  # no half of a pair
        assert "&" not in unescape(TAG.sub("", piece)).replace("&", "", strip_tags(html).count("&"))


def test_strip_tags_reads_as_a_person_would():
    assert strip_tags('<b>Tom</b> &amp; <a href="x">Ann</a> 2 &lt; 3') == "Tom & Ann 2 < 3"


def test_lone_surrogates_are_cleaned():
    assert clean("ok 😀") == "ok 😀"
    assert clean("bad \ud83d!") == "bad ?!"


def test_quote_starts_folded():
    assert expandable_quote("x") == "<blockquote expandable>x</blockquote>"


@pytest.mark.parametrize("text", ["a<b", "1 < 2 > 0", "<3", "<>"])
def test_angle_brackets_that_are_no_tags_survive_splitting(text):
    html = escape(text) * 10
    assert "".join(strip_tags(piece) for piece in split_html(html, 10)) == text * 10
