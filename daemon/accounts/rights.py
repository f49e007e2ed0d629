"""Rights: what a person agreed to, in which version of the text, and their right to be forgotten.

Nothing of a person goes to a model outside before `has_agreed(user_id, MODEL)`. A text that changes gets a new version
here, and everybody is asked once more. `forget` ends the logins at the boards, erases every row of the person in one
write and shreds what was sealed, in old backups too. What stays is that they were here (so that the bot knows they
left) and the keys of the effect ledger, without content and under a pseudonym: who comes back and agrees to the terms
again is recognised, and not applied for twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.accounts.board_session import APPLICATION
from store.ids import ChatId, TaskKey
from store.write import join

if TYPE_CHECKING:
    from daemon.accounts.board_session import BoardSessions
    from daemon.clock import Clock
    from daemon.vault import Vault
    from store.ids import UserId
    from store.store import Store
    from store.write import Write

TERMS = "terms"
MODEL = "model"
VERSIONS = {TERMS: "2026-11-21", MODEL: "2026-11-21"}
"""Purpose and the version of its text in the catalogue. Whoever changes such a text sets a new date here."""


class Rights:
    """Consent and deletion."""

    def __init__(self, store: Store, vault: Vault, sessions: BoardSessions, clock: Clock) -> None:
        self._store = store
        self._vault = vault
        self._sessions = sessions
        self._clock = clock

    async def has_agreed(self, user_id: UserId, purpose: str) -> bool:
        """Whether they said yes to the text as it is now."""
        row = await self._store.consents.get(user_id, purpose)
        return row is not None and row.is_given and row.version == VERSIONS[purpose]

    async def has_answered(self, user_id: UserId, purpose: str) -> bool:
        """Whether they answered, yes or no, to the text as it is now: nobody is asked twice."""
        row = await self._store.consents.get(user_id, purpose)
        return row is not None and row.version == VERSIONS[purpose]

    async def may_ask_model(self, user_id: UserId) -> bool:
        """Whether texts of this person may go to a model outside."""
        return await self.has_agreed(user_id, MODEL)

    def answer(self, user_id: UserId, purpose: str, *, is_given: bool) -> Write:
        """They answered to the text as it is now."""
        answered = self._store.consents.answer(
            user_id, purpose, VERSIONS[purpose], is_given=is_given, now=self._clock.now()
        )
        if purpose != TERMS or not is_given:
            return answered
        plain, *disguises = self._names(user_id)
        return join((answered, *(self._store.effects.recognise(user_id, plain, name) for name in disguises)))

    async def forget(self, user_id: UserId) -> Write:
        """Ends the logins now, and returns the write that erases the rest; to be joined with the goodbye.

        Asked again after a crash between the two, it does what is left.
        """
        if user_id == APPLICATION:
            raise ValueError("the application's own account is nobody's to delete")
        for account in await self._store.board_accounts.of_user(user_id):
            await self._sessions.log_out(user_id, account.board)
        return self._erase(user_id)

    def _erase(self, user_id: UserId) -> Write:
        store = self._store
        chat_id = ChatId(user_id)
        now = self._clock.now()
        return join(
            (
                store.hunts.delete(user_id),
                store.vacancies.delete(user_id),
                store.profiles.delete(user_id),
                store.consents.delete(user_id),
                store.oauth_states.delete(user_id),
                store.board_accounts.delete_all(user_id),
                store.usage.delete(user_id),
                store.checkpoints.delete(TaskKey(f"autopilot:{user_id}")),
                store.quarantine.release(f"autopilot:{user_id}"),
                store.timers.cancel_lane(chat_id),
                store.journals.close_lane(chat_id),
                store.queues.clear_lane("outbox", chat_id, now=now),
                store.cards.delete(chat_id),
                store.effects.disguise(user_id, *self._names(user_id)[:2]),
                self._vault.forget(user_id),
                store.users.set_deleted(user_id, now),
            )
        )

    def _names(self, user_id: UserId) -> tuple[str, ...]:
        # How keys of effects begin: as they are, and of somebody who was forgotten, now or under an older secret key.
        return (f"{user_id}:", *(f"{name}:" for name in self._vault.pseudonyms(user_id)))
