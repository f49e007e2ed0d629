"""How providers check the schema they are asked to honour. Real ones refuse what these refuse."""

from __future__ import annotations

from typing import Any

GEMINI_KEYS = frozenset(
    (
        *("type", "format", "title", "description", "nullable", "enum", "items", "minItems", "maxItems", "properties"),
        *(
            "required",
            "propertyOrdering",
            "minimum",
            "maximum",
            "minLength",
            "maxLength",
            "pattern",
            "example",
            "anyOf",
        ),
    )
)
GEMINI_TYPES = frozenset({"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT"})


def find_gemini_fault(schema: Any, path: str = "generation_config.response_schema") -> str | None:
    """What is wrong with a `responseSchema` (a subset of OpenAPI, not JSON Schema); None: nothing."""
    if not isinstance(schema, dict):
        return f"Invalid value at '{path}'"
    for key in schema:
        if key not in GEMINI_KEYS:
            return f"Invalid JSON payload received. Unknown name \"{key}\" at '{path}': Cannot find field."
    if str(schema.get("type", "")).upper() not in GEMINI_TYPES:
        return f"Invalid value at '{path}.type'"
    properties = schema.get("properties", {})
    if str(schema["type"]).upper() == "OBJECT" and not properties:
        return f"* {path}.properties: should be non-empty for OBJECT type"
    for name, part in properties.items():
        fault = find_gemini_fault(part, f"{path}.properties[{name}]")
        if fault:
            return fault
    return find_gemini_fault(schema["items"], f"{path}.items") if "items" in schema else None


def find_strict_fault(schema: Any, path: str = "()") -> str | None:
    """What is wrong with a schema under `strict: true`: every object closed, every key required."""
    if not isinstance(schema, dict):
        return f"Invalid schema: In context={path}, schema must be an object."
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False:
            return (
                f"Invalid schema: In context={path}, 'additionalProperties' is required to be supplied and to be false."
            )
        if set(schema.get("required", ())) != set(properties):
            return f"Invalid schema: In context={path}, 'required' must include every key in properties."
        for name, part in properties.items():
            fault = find_strict_fault(part, f"{path}.{name}")
            if fault:
                return fault
    return None


def keys_of(schema: Any) -> tuple[str, ...]:
    """Names of the properties of the object asked for."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return tuple(properties) if isinstance(properties, dict) else ()


def fill(answer: dict[str, Any], schema: Any) -> dict[str, Any]:
    """The answer with exactly the schema's keys; what it does not know gets the emptiest value of its kind."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return answer
    order = schema.get("propertyOrdering") or list(properties)
    return {name: answer.get(name, _emptiest(properties[name])) for name in order if name in properties}


def _emptiest(schema: Any) -> Any:
    if schema.get("enum"):
        return schema["enum"][0]
    kinds = {"string": "", "number": 0, "integer": 0, "boolean": False, "array": [], "object": {}}
    return kinds.get(str(schema.get("type", "string")).lower(), "")
