"""All scripts by name."""

from daemon.bot.scripts.register import make_scripts
from daemon.dialogs.fingerprint import fingerprint_of


async def test_every_script_has_a_fingerprint_of_its_own(bot):
    scripts = make_scripts(bot.services())
    assert set(scripts) == {"onboarding", "connect", "resume", "query", "excluded_words", "deletion", "edit_letter"}
    prints = {fingerprint_of(script) for script in scripts.values()}
    assert len(prints) == len(scripts)


async def test_fingerprint_does_not_depend_on_the_services(bot):
    first, second = make_scripts(bot.services()), make_scripts(bot.services())
    assert [fingerprint_of(script) for script in first.values()] == [
        fingerprint_of(script) for script in second.values()
    ]
