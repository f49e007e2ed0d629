"""Deletion: asked back, then the login is revoked and nothing is left."""

from tests.fakes.conversation import keys

PERSONAL = ("hunts", "profiles", "consents", "board_accounts", "oauth_states", "data_keys", "journals")


async def test_first_button_keeps_everything(bot):
    async with bot.running():
        await bot.onboard()
        await bot.chat.say("/delete")
        assert keys(await bot.chat.press(0)) == ["edit bot.delete_kept"]
        assert (await bot.hunt()).wish == "running"


async def test_everything_is_revoked_and_erased(bot):
    async with bot.running():
        await bot.onboard()
        await bot.chat.say("/delete")
        assert keys(await bot.chat.press(1))[-1] == "onboarding.deleted"
        assert "revoke_token" in bot.board.calls
        for table in PERSONAL:
            assert await bot.store.fetch_all(f"SELECT * FROM {table}") == [], table  # noqa: S608 - constants only
        assert (await bot.store.users.get(7)).deleted_at is not None


async def test_deletion_ends_a_dialog_in_the_middle(bot):
    async with bot.running():
        await bot.chat.say("/start")
        await bot.chat.press(0)
        await bot.chat.say("/delete")
        assert keys(await bot.chat.press("bot.button.delete"))[-1] == "onboarding.deleted"
        assert not await bot.engine.has_dialog(7)


async def test_deletion_interrupted_by_a_crash_is_finished_after_the_start(bot):
    async with bot.running():
        await bot.onboard()
        bot.board.delay_seconds = 3600
        await bot.chat.say("/delete")
        await bot.chat.press(1)
    bot.board.delay_seconds = 0
    async with bot.running():
        assert keys(await bot.chat.settle())[-1] == "onboarding.deleted"
        assert await bot.hunt() is None


async def test_who_comes_back_starts_anew(bot):
    async with bot.running():
        await bot.onboard()
        await bot.chat.say("/delete")
        await bot.chat.press(1)
        assert keys(await bot.chat.say("/start")) == ["onboarding.hello", "onboarding.language"]
        assert (await bot.store.users.get(7)).deleted_at is None
