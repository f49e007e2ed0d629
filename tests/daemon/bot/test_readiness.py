"""What a hunt still lacks."""

import pytest

from daemon.bot.readiness import Readiness, ensure_hunt, look_at, wish

COMPLETE = {
    "has_consent": True,
    "is_connected": True,
    "mode": "auto",
    "has_resume": True,
    "is_resume_pasted": False,
    "has_answered_model": True,
    "has_query": True,
}


async def test_complete_is_complete(bot):
    assert Readiness(**COMPLETE).is_complete(bot.services())


@pytest.mark.parametrize("lacking", ["has_consent", "is_connected", "has_resume", "has_answered_model", "has_query"])
async def test_each_part_is_needed(bot, lacking):
    assert not Readiness(**{**COMPLETE, lacking: False}).is_complete(bot.services())


async def test_pasted_resume_needs_no_login(bot):
    assert Readiness(**{**COMPLETE, "is_connected": False, "is_resume_pasted": True}).is_complete(bot.services())


async def test_model_that_is_not_there_needs_no_consent(bot):
    bot.has_model = False
    assert Readiness(**{**COMPLETE, "has_answered_model": False}).is_complete(bot.services())


async def test_stranger_lacks_everything(bot):
    ready = await look_at(bot.services(), 7)
    assert ready.as_json() == {
        **dict.fromkeys(COMPLETE, False),
        "mode": "assisted",
        "has_way_to_apply": False,
    }


async def test_hunt_is_made_once_and_stopped(bot):
    services = bot.services()
    await bot.store.write(ensure_hunt(services, 7) + wish(services, 7, "running"))
    await bot.store.write(ensure_hunt(services, 7))
    hunt = await bot.store.hunts.get(7)
    assert (hunt.wish, hunt.approval, hunt.query, hunt.wish_by) == ("running", "auto", "", "person")
