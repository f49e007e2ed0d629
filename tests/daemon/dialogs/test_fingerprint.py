"""Fingerprints: equal for equal code in any process, different where behaviour may differ."""

import subprocess
import sys
import textwrap
from functools import partial

import pytest

from daemon.dialogs.fingerprint import fingerprint_of
from tests.architecture.source_tree import ROOT


def compiled(source, **closure):
    """A script made from text, as a release would bring it."""
    scope = {"__name__": "some.package.module", **closure}
    exec(textwrap.dedent(source), scope)  # noqa: S102 - the source stands in this file
    return scope["script"]


PLAIN = """
async def script(dialog):
    answer = await dialog.ask("city")
    if answer in {"a", "b", "c"}:
        dialog.say("known")
"""


@pytest.mark.parametrize(
    "same",
    [
        PLAIN,
        "\n\n# moved further down\n" + PLAIN,
        PLAIN.replace("(dialog):", '(dialog):\n    """Asks for the city."""'),
        PLAIN.replace("    answer =", "    # why it asks\n    answer ="),
    ],
)
def test_moved_and_explained_script_is_the_same(same):
    assert fingerprint_of(compiled(same)) == fingerprint_of(compiled(PLAIN))


@pytest.mark.parametrize(
    "other",
    [
        PLAIN.replace('"city"', '"town"'),
        PLAIN.replace('"c"}', '"d"}'),
        PLAIN.replace("ask(", "choose("),
        PLAIN + '    dialog.say("bye")\n',
        PLAIN.replace("answer", "reply") + "    return reply\n",
    ],
)
def test_changed_script_is_another(other):
    assert fingerprint_of(compiled(other)) != fingerprint_of(compiled(PLAIN))


PARTS = """
async def part(dialog):
    await dialog.ask("{question}")

async def script(dialog):
    async def work():
        return {result}
    await part(dialog)
    await dialog.do("work", work)
"""


def test_parts_and_nested_functions_count():
    prints = {
        fingerprint_of(compiled(PARTS.format(question=question, result=result)))
        for question in ("city", "town")
        for result in (1, 2)
    }
    assert len(prints) == 4


def make(part):
    async def script(dialog):
        await part(dialog)

    return script


async def one(dialog):
    await dialog.ask("one")


async def two(dialog):
    await dialog.ask("two")


def test_functions_in_the_closure_count():
    assert fingerprint_of(make(one)) != fingerprint_of(make(two))
    assert fingerprint_of(make(one)) == fingerprint_of(make(one))


def test_arguments_bound_in_advance_do_not_count():
    async def script(services, dialog):
        await dialog.ask(services)

    assert fingerprint_of(partial(script, 1)) == fingerprint_of(partial(script, 2)) == fingerprint_of(script)


class Scripts:
    async def script(self, dialog):
        await dialog.ask("city")


def test_method_is_a_script_like_any_other():
    assert fingerprint_of(Scripts().script) == fingerprint_of(Scripts.script)


@pytest.mark.slow
def test_fingerprint_is_stable_over_processes():
    code = (
        "from tests.daemon.dialogs.test_fingerprint import *;"
        "from daemon.bot.scripts.onboarding import onboard;"
        "print(fingerprint_of(compiled(PLAIN)), fingerprint_of(onboard))"
    )
    seen = set()
    for seed in ("1", "2", "3"):
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            text=True,
        )
        seen.add(done.stdout)
    assert len(seen) == 1
