"""What both wires have in common: they serve the same protocol and name their provider."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from daemon.sandbox.model_gemini import GeminiWire
from daemon.sandbox.model_openai import OpenAiWire
from daemon.sandbox.model_switches import FAULTS, ModelSwitches
from daemon.sandbox.models import Said
from daemon.sandbox.service import Request

from .model_calls import make_models

if TYPE_CHECKING:
    from daemon.sandbox.model_wire import Wire

WIRES: list[Wire] = [GeminiWire(), OpenAiWire()]
IN_THE_TEXT = {"cut_off", "empty", "not_json", "fenced", "wrong_shape", "obeys_vacancy", "too_short", "hang"}


@pytest.mark.parametrize("wire", WIRES)
def test_every_fault_is_either_in_the_text_or_on_the_wire(wire: Wire):
    silent = {fault for fault in FAULTS if wire.refuse(fault, ModelSwitches(), 10) is None}
    assert silent == IN_THE_TEXT


@pytest.mark.parametrize("wire", WIRES)
def test_models_are_listed_only_when_asked_for(wire: Wire):
    assert wire.list_models(Request("POST", "/v1/models")) is None
    assert wire.list_models(Request("GET", "/v1/models")) is not None


def test_said_is_what_wires_write():
    said = Said("{}", "done", 1)
    assert (said.text, said.end, said.tokens) == ("{}", "done", 1)
    assert random.Random(1).random() < 1


def test_models_are_named_for_their_provider():
    assert {wire.provider for wire in WIRES} == set(make_models()._fields)
