"""Opaque JSON: what durable tools keep for others without looking inside."""

from __future__ import annotations

import json
from typing import Any

Json = Any
"""What survives a round trip through JSON."""


def to_text(value: Json) -> str:
    """JSON as it is stored. Raises `TypeError` for what JSON does not know."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def from_text(text: str) -> Json:
    """Back again."""
    return json.loads(text)
