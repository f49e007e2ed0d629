"""Schemas as the providers check them."""

from __future__ import annotations

import pytest

from daemon.sandbox.model_schemas import fill, find_gemini_fault, find_strict_fault, keys_of

from .model_calls import LETTER, QUERY, SCREENING, gemini_schema


@pytest.mark.parametrize("schema", [LETTER, QUERY, SCREENING])
def test_the_products_schemas_pass(schema: dict[str, object]):
    assert find_gemini_fault(gemini_schema(schema)) is None
    assert find_strict_fault(schema) is None


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (5, "Invalid value"),
        ({}, "type"),
        ({"type": "TEXT"}, "type"),
        ({"type": "OBJECT"}, "non-empty"),
        ({"type": "OBJECT", "properties": {"a": {"type": "STRING", "const": 1}}}, "const"),
        ({"type": "ARRAY", "items": {"$ref": "#"}}, "$ref"),
    ],
)
def test_gemini_refuses_what_it_does_not_know(schema: object, words: str):
    fault = find_gemini_fault(schema)
    assert fault is not None
    assert words in fault


def test_gemini_takes_lists_and_small_type_names():
    schema = {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}}
    assert find_gemini_fault(schema) is None


def test_strictness_reaches_inner_objects():
    schema = {
        "type": "object",
        "properties": {"inner": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}},
        "required": ["inner"],
        "additionalProperties": False,
    }
    fault = find_strict_fault(schema)
    assert fault is not None
    assert ".inner" in fault
    assert find_strict_fault("text") is not None


def test_keys_are_those_of_the_object():
    assert keys_of(SCREENING) == ("fits", "reason")
    assert keys_of(None) == keys_of({"type": "string"}) == ()


def test_filled_answer_has_exactly_the_schemas_keys_in_its_order():
    schema = {"properties": {"a": {"type": "string"}, "b": {"type": "boolean"}}, "propertyOrdering": ["b", "a"]}
    assert list(fill({"a": "x", "c": 1}, schema).items()) == [("b", False), ("a", "x")]
    assert fill({"c": 1}, None) == {"c": 1}
