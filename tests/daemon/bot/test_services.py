"""What handlers and scripts are given."""

import dataclasses

import pytest

from daemon.bot.services import Services


async def test_board_is_there_when_it_is_set_up(bot):
    assert bot.services().has_board
    bot.has_board = False
    assert not bot.services().has_board


async def test_services_can_not_be_changed_on_the_way(bot):
    assert dataclasses.is_dataclass(Services)
    with pytest.raises(dataclasses.FrozenInstanceError):
        bot.services().daily_limit = 1000
