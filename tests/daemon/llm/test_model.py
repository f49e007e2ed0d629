"""The two families every asker relies on: what passes by itself, and what does not."""

from __future__ import annotations

import pytest

from daemon.errors import Permanent, Temporary
from daemon.llm.model import (
    LlmError,
    ModelBusy,
    ModelMisconfigured,
    ModelRefused,
    ModelTrouble,
    ModelUnavailable,
)


@pytest.mark.parametrize("error", [ModelBusy, ModelTrouble, ModelUnavailable])
def test_what_passes_is_temporary(error: type[LlmError]) -> None:
    assert issubclass(error, Temporary)
    assert issubclass(error, LlmError)


@pytest.mark.parametrize("error", [ModelRefused, ModelMisconfigured])
def test_what_stays_is_permanent(error: type[LlmError]) -> None:
    assert issubclass(error, Permanent)


def test_refusal_has_a_price_and_its_own_words() -> None:
    assert str(ModelRefused()) == ModelRefused.__doc__
    assert ModelRefused("cut off", prompt_tokens=3).prompt_tokens == 3
