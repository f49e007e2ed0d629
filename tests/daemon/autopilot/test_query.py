"""The board's query language: what passes, how it is written again, and what a person is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.autopilot.query import DEEPEST, Group, QueryRejected, Term, parse_query, read, write
from daemon.i18n.translate import Texts


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("python", "python"),
        ("  python   разработчик ", "python AND разработчик"),
        ("python AND разработчик", "python AND разработчик"),
        ("python or golang", "python OR golang"),
        ("NAME:(python OR golang) NOT (senior OR lead)", "NAME:(python OR golang) AND NOT (senior OR lead)"),
        ("name: python", "NAME:python"),
        ("COMPANY_NAME:Яндекс DESCRIPTION:kafka", "COMPANY_NAME:Яндекс AND DESCRIPTION:kafka"),
        ('"менеджер  по продажам"', '"менеджер по продажам"'),
        ("«менеджер по продажам»", '"менеджер по продажам"'),
        ("!программист разраб*", "!программист AND разраб*"),
        ("C++ OR C# OR .NET OR 1С OR Node.js OR UI/UX", "C++ OR C# OR .NET OR 1С OR Node.js OR UI/UX"),
        ("повар, пекарь; кондитер", "повар OR пекарь OR кондитер"),
        ("повар, пекарь,", "повар OR пекарь"),
        ("повар ИЛИ пекарь НЕ стажёр", "повар OR пекарь AND NOT стажёр"),
        ("((python))", "python"),
        ("a OR (b AND c)", "a OR b AND c"),
        ("(a OR b) c", "(a OR b) AND c"),
        ("NOT NOT python golang", "NOT NOT python AND golang"),
        ("и или не", "и AND или AND не"),
    ],
)
def test_query_is_written_in_canonical_form(text: str, canonical: str) -> None:
    assert parse_query(text) == canonical


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("x" * 1001, "too_long"),
        ("x" * 100, "word_too_long"),
        (" ".join(["слово"] * 61), "too_many_terms"),
        ("(" * 20 + "a" + ")" * 20, "too_deep"),
        ("NOT " * 20 + "a", "too_deep"),
        ('"python', "unclosed_quote"),
        ('""', "empty_phrase"),
        ('"…" a', "empty_phrase"),
        ("(python", "unclosed_bracket"),
        ("(", "unclosed_bracket"),
        ("python)", "stray_bracket"),
        (")", "stray_bracket"),
        ("()", "stray_bracket"),
        ("python OR", "operator_alone"),
        ("python AND", "operator_alone"),
        ("OR python", "operator_alone"),
        ("NOT", "operator_alone"),
        ("NAME:", "operator_alone"),
        ("SALARY:100", "unknown_field"),
        ("https://evil.example/x", "unknown_sign"),
        ("me@mail.ru", "unknown_sign"),
        ("a ; DROP TABLE x --", "unknown_sign"),
        ("python 🐍", "unknown_sign"),
        ("python -senior", "unknown_sign"),
        ("NOT senior", "only_not"),
        ("python OR NOT senior", "only_not"),
    ],
)
def test_bad_query_is_rejected_with_reason(text: str, reason: str) -> None:
    with pytest.raises(QueryRejected) as caught:
        parse_query(text)
    assert caught.value.hint.key == f"autopilot.query.{reason}"


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("text", ["", "x" * 1001, "SALARY:1", "python OR", "a@b", "x" * 99, " ".join("a" * 61)])
def test_rejection_has_its_text(text: str, language: str) -> None:
    with pytest.raises(QueryRejected) as caught:
        parse_query(text)
    rendered = Texts.load().render(caught.value.hint, language)
    assert "autopilot." not in rendered
    assert "{" not in rendered


WORDS = st.sampled_from(["python", "C++", "разраб*", "!точно", '"менеджер по продажам"', "1С"])
TREES = st.recursive(
    WORDS.map(Term),
    lambda parts: st.one_of(
        st.builds(Group, st.sampled_from(["AND", "OR"]), st.lists(parts, min_size=2, max_size=3).map(tuple)),
        st.builds(Group, st.sampled_from(["NAME", "NOT"]), st.tuples(parts)),
    ),
    max_leaves=6,
)


@given(TREES)
def test_written_query_reads_the_same(tree: object) -> None:
    text = write(tree)  # type: ignore[arg-type]  # the strategy builds nodes
    try:
        canonical = parse_query(text)
    except QueryRejected as rejection:
        assert rejection.hint.key.rpartition(".")[2] in {"only_not", "too_deep"}  # noqa: PT017 - the two that trees can be
    else:
        assert parse_query(canonical) == canonical


@given(st.text(max_size=200))
def test_any_text_passes_or_is_rejected(text: str) -> None:
    try:
        canonical = parse_query(text)
    except QueryRejected:
        return
    assert parse_query(canonical) == canonical


def test_brackets_at_the_limit_pass() -> None:
    assert read("(" * DEEPEST + "a" + ")" * DEEPEST) == Term("a")
