"""Lengths and HTML as the Bot API server sees them; refusals in its words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.sandbox.telegram_text import EntitiesRefused, parse_html, utf16_length


@pytest.mark.parametrize(("text", "length"), [("", 0), ("abc", 3), ("да", 2), ("👍", 2), ("👨‍👩‍👧", 8)])
def test_length_is_counted_in_utf16_units(text, length):
    assert utf16_length(text) == length


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_length_is_that_of_the_encoding(text):
    assert utf16_length(text) == len(text.encode("utf-16-le")) // 2


def test_tags_become_entities():
    parsed = parse_html("<b>жир</b> и <i>к<u>ос</u></i>")
    assert parsed.text == "жир и кос"
    assert parsed.entities == [
        {"type": "bold", "offset": 0, "length": 3},
        {"type": "italic", "offset": 6, "length": 3},
        {"type": "underline", "offset": 7, "length": 2},
    ]


def test_offsets_count_surrogate_pairs_twice():
    assert parse_html("👍<b>x</b>").entities == [{"type": "bold", "offset": 2, "length": 1}]


def test_links_carry_their_address():
    parsed = parse_html("<a href=\"https://hh.ru/?a=1&amp;b=2\">там</a> <a href='https://x.ru'>y</a>")
    assert parsed.links == ["https://hh.ru/?a=1&b=2", "https://x.ru"]


def test_a_link_without_a_usable_address_is_plain_text():
    assert parse_html('<a href="no">x</a>').entities == []


def test_quotations_may_be_expandable():
    kinds = [e["type"] for e in parse_html("<blockquote>a</blockquote><blockquote expandable>b</blockquote>").entities]
    assert kinds == ["blockquote", "expandable_blockquote"]


def test_character_references_are_decoded():
    assert (
        parse_html("&lt;b&gt; &amp;amp; &quot;&#1078;&#x436;&nbsp; & &#xD800;").text == '<b> &amp; "жж&nbsp; & &#xD800;'
    )


def test_white_space_is_cut_off_both_ends():
    parsed = parse_html("  \n<b> x </b>\n ")
    assert parsed.text == "x"
    assert parsed.entities == [{"type": "bold", "offset": 0, "length": 1}]


def test_an_empty_tag_leaves_nothing():
    assert parse_html("a<b></b>").entities == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<foo>x</foo>", 'Unsupported start tag "foo" at byte offset 0'),
        ("да < нет", 'Unsupported start tag "" at byte offset 5'),
        ("x<b", "Unclosed start tag at byte offset 1"),
        ('<a href="x', "Unclosed start tag at byte offset 0"),
        ("<a href", 'Expected equal sign in declaration of an attribute of the tag "a" at byte offset 0'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<a ="x">y</a>', 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href>y</a>", 'Expected equal sign in declaration of an attribute of the tag "a" at byte offset 0'),
    ],
)
def test_broken_markup_is_refused_in_the_servers_words(source, words):
    with pytest.raises(EntitiesRefused) as caught:
        parse_html(source)
    assert str(caught.value) == words


@given(st.text("<>/&;ab \"'=блockquote", max_size=40))
def test_any_text_is_parsed_or_refused(source):
    try:
        parsed = parse_html(source)
    except EntitiesRefused:
        return
    for entity in parsed.entities:
        assert entity["offset"] >= 0
        assert entity["offset"] + entity["length"] <= utf16_length(parsed.text)
