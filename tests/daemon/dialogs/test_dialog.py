"""The contract of a script's one capability: what the engine gives is what it promises."""

import inspect

import pytest

from daemon.dialogs.capabilities import ScriptDialog
from daemon.dialogs.dialog import Answer, Dialog, Option
from daemon.outbox.message import Text

METHODS = [name for name, value in vars(Dialog).items() if inspect.isfunction(value) and not name.startswith("_")]


@pytest.mark.parametrize("name", METHODS)
def test_engine_gives_what_the_contract_promises(name):
    promised = inspect.signature(getattr(Dialog, name))
    given = inspect.signature(getattr(ScriptDialog, name))
    assert list(given.parameters.items()) == list(promised.parameters.items())
    assert inspect.iscoroutinefunction(getattr(ScriptDialog, name)) == inspect.iscoroutinefunction(
        getattr(Dialog, name)
    )


def test_answer_of_one_kind_is_nothing_else():
    assert Answer(option="a") == Answer("a", None, None)
    assert Answer(text="").option is None


def test_option_is_equal_by_what_it_says():
    assert Option("a", Text("t.a")) == Option("a", Text("t.a"))
    assert Option("a", Text("t.a")) != Option("a", Text("t.a"), "danger")
