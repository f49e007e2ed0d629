"""The one page: every command of the interface is on it, and every text it leads to exists."""

import re

from daemon.accounts.return_address import RETURN_REASONS
from daemon.bot.handlers.history import STATES as HISTORY_STATES
from daemon.bot.handlers.settings import APPROVALS
from daemon.bot.menu import COMMANDS
from daemon.bot.routes import ROUTES, build_router
from daemon.i18n.translate import LANGUAGES
from tests.architecture.source_tree import ROOT
from tests.daemon.bot.conftest import TEXTS

PROMISED = (
    "start connect resume query autopilot pause stop status history settings language help cancel privacy delete terms"
    " paysupport"
)
KEY = re.compile(r'"((?:bot|dialogs|onboarding)\.[a-z_.]+)"')
STEM = re.compile(r'f"((?:bot|dialogs|onboarding)\.[a-z_.]+)\{')


def used():
    """Keys written in the code, and beginnings of those it puts together."""
    files = [*ROOT.glob("daemon/bot/**/*.py"), *ROOT.glob("daemon/dialogs/*.py")]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return set(KEY.findall(text)), set(STEM.findall(text))


def known(prefix=("bot.", "dialogs.", "onboarding.")):
    return {key for key in TEXTS.keys("ru") if key.startswith(prefix)}


def test_every_promised_command_has_a_handler():
    assert set(PROMISED.split()) <= set(ROUTES.commands)


def test_every_key_in_the_code_has_a_text():
    assert sorted(used()[0] - known()) == []


def test_every_text_is_used():
    keys, stems = used()
    unused = [key for key in known() - keys if not key.startswith(tuple(stems))]
    assert sorted(unused) == []


def test_texts_put_together_from_other_rooms_words_exist():
    made = {
        *(f"onboarding.return.{reason}" for reason in RETURN_REASONS),
        *(f"bot.menu.{command}" for row in COMMANDS for command in row),
        *(f"bot.settings.approval_{kind}" for kind in APPROVALS),
        *(f"bot.button.approval_{kind}" for kind in APPROVALS),
        *(f"bot.status.{wish}" for wish in ("running", "paused", "stopped")),
        *(f"bot.already_{wish}" for wish in ("paused", "stopped")),
        *(f"bot.language_name.{language}" for language in LANGUAGES),
        *(f"onboarding.connected_{mode}" for mode in ("auto", "assisted")),
    }
    assert sorted(made - known()) == []
    states = {f"autopilot.state.{state}" for state in HISTORY_STATES}
    assert sorted(states - TEXTS.keys("ru")) == []


def test_page_is_one_page():
    assert (ROOT / "daemon/bot/routes.py").read_text(encoding="utf-8").count("\n") < 100


async def test_router_is_built_from_services_and_dialogs(bot):
    async with bot.running():
        assert build_router(bot.services(), bot.engine) is not None
