"""A vacancy knows whether an application through the API can go out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.sandbox.corpus import build_corpus

PLAIN = next(v for v in build_corpus(1) if not v.traps and not v.employer.is_blacklisted)


def test_plain_vacancy_is_suitable():
    assert PLAIN.is_suitable


@pytest.mark.parametrize(
    "harmless", [{"needs_letter": True}, {"kind": "anonymous"}, {"is_premium": True}, {"html": ""}]
)
def test_what_only_wants_care_is_suitable(harmless: dict[str, Any]):
    assert replace(PLAIN, **harmless).is_suitable


@pytest.mark.parametrize(
    "stop",
    [
        {"has_test": True},
        {"is_archived": True},
        {"is_closed_for_applicants": True},
        {"is_answered": True},
        {"kind": "direct"},
        {"employer": replace(PLAIN.employer, is_blacklisted=True)},
    ],
)
def test_what_stops_an_application_is_not(stop: dict[str, Any]):
    assert not replace(PLAIN, **stop).is_suitable
