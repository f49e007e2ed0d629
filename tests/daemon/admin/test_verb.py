"""Verbs: arguments from JSON and from words."""

from __future__ import annotations

import pytest

from daemon.admin.verbs.catalogue import VERBS
from daemon.admin.wire import AdminError


@pytest.mark.parametrize(
    ("verb", "words", "args"),
    [
        ("status", [], {}),
        ("why", ["42"], {"user": "42"}),
        ("users", ["10", "5"], {"after": "10", "limit": "5"}),
        ("pause", ["42"], {"user": "42"}),
        ("pause", ["42", "asked", "by", "mail"], {"user": "42", "reason": "asked by mail"}),
    ],
)
def test_words_become_arguments(verb, words, args):
    assert VERBS[verb].words_to_args(words) == args
    VERBS[verb].read_args(args)


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("status", ["now"]),
        ("why", []),
        ("why", ["me"]),
        ("why", ["-1"]),
        ("users", ["a"]),
        ("pause", ["@me"]),
        ("tree", ["0"]),
    ],
)
def test_wrong_words_are_answered_with_the_usage(verb, words):
    with pytest.raises(AdminError, match="usage: "):
        VERBS[verb].read_args(VERBS[verb].words_to_args(words))


def test_unknown_argument_is_refused():
    with pytest.raises(AdminError) as caught:
        VERBS["why"].read_args({"user": 1, "colour": "red"})
    assert caught.value.kind == "bad_args"


def test_every_verb_answers_in_one_way():
    for verb in VERBS.values():
        assert (verb.answer is None) != (verb.stream is None)
        assert verb.usage.startswith(verb.name)
