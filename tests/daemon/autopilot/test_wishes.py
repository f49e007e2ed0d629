"""What a person does not want, kept as one column: read whatever it holds."""

from __future__ import annotations

import pytest

from daemon.autopilot.wishes import MOST_WORDS, SearchWishes, split_words


def test_wishes_survive_the_column() -> None:
    wishes = SearchWishes(words=("стажер", "C++"), employer_ids=("e1",), lowest_salary=100_000, is_remote=True)
    assert SearchWishes.parse(wishes.dump()) == wishes


@pytest.mark.parametrize(
    "text", ["", "  ", "{}", "[]", "{broken", '{"words": 5}', "[1, 2]", '{"lowest_salary": "much"}']
)
def test_unreadable_column_means_no_wish(text: str) -> None:
    assert SearchWishes.parse(text) == SearchWishes()


def test_plain_lists_are_words() -> None:
    expected = SearchWishes(words=("стажер", "холодные звонки"))
    assert SearchWishes.parse("стажер, холодные  звонки") == expected
    assert SearchWishes.parse('["стажер", "холодные звонки"]') == expected


def test_unknown_wishes_of_a_later_release_are_ignored() -> None:
    assert SearchWishes.parse('{"words": ["a1"], "commute_minutes": 40}') == SearchWishes(words=("a1",))


def test_words_are_split_cleaned_and_capped() -> None:
    assert split_words("a1, b2;c3\nd4,,  ,—,a1") == ("a1", "b2", "c3", "d4")
    assert len(split_words(",".join(f"w{number}" for number in range(500)))) == MOST_WORDS
    assert split_words("x" * 500) == ("x" * 80,)
    assert SearchWishes(words=("old",)).with_words(["new", "newer"]).words == ("new", "newer")


def test_company_is_excluded_by_id_and_name_once() -> None:
    wishes = SearchWishes().without_employer("e1", "Ромашка").without_employer("e1", "Ромашка")
    assert (wishes.employer_ids, wishes.employers) == (("e1",), ("Ромашка",))
    assert SearchWishes().without_employer(None, "  ").dump() == "{}"
