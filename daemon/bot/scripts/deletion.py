"""Deletion: the logins are revoked at the board, then everything is erased. Survives a crash in the middle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.outbox.message import Text

if TYPE_CHECKING:
    from daemon.bot.services import Services
    from daemon.dialogs.dialog import Dialog
    from store.write import Write


async def delete_everything(services: Services, dialog: Dialog) -> None:
    """After /delete and a second press. Nothing is asked any more."""
    erasing: list[Write] = []

    async def forget() -> None:
        erasing.append(await services.rights.forget(dialog.user_id))

    dialog.edit("delete", Text("onboarding.deleting"))
    await dialog.do("forget", forget)
    # The work's outcome and the end of the script are one commit: whoever gets here has just run `forget`.
    dialog.keep(erasing[0])
    dialog.say(Text("onboarding.deleted"))
