"""A person in a chat with whatever answers updates: what they send passes the inbox, what they hear is read off the
outbox as a sender would, in order. No sockets, no lanes: tests of dialogs and handlers drive it by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daemon.inbox.router import Event, Incoming
from daemon.outbox.message import Button, Text
from daemon.outbox.payload import ACKNOWLEDGE, SAY, Parcel, decode
from store.write import NOTHING
from telegram_client.types import Update

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from daemon.clock import Clock
    from store.store import Store
    from store.write import Write


class Conversation:
    """One private chat."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        answer: Callable[[Incoming, Button | None], Awaitable[Write | None]],
        *,
        chat_id: int = 7,
        language_code: str | None = "ru",
    ) -> None:
        self.store = store
        self.clock = clock
        self.answer = answer
        self.chat_id = chat_id
        self.language_code = language_code
        self.heard: list[Parcel] = []
        """Everything that reached the person, in order."""
        self._numbers = 0

    def beside(self, chat_id: int) -> Conversation:
        """Another person in a chat of their own."""
        return Conversation(self.store, self.clock, self.answer, chat_id=chat_id, language_code=self.language_code)

    @property
    def person(self) -> dict[str, Any]:
        return {"id": self.chat_id, "first_name": "Аня", "language_code": self.language_code}

    @property
    def chat(self) -> dict[str, Any]:
        return {"id": self.chat_id, "type": "private"}

    async def say(self, text: str, **fields: Any) -> list[Parcel]:
        return await self.send({"text": text, **fields})

    async def send(self, message: dict[str, Any]) -> list[Parcel]:
        """Any message: `{"sticker": {}}`, `{"photo": []}`."""
        raw = {"message_id": 1, "date": 0, "chat": self.chat, "from": self.person, **message}
        return await self.update({"message": raw})

    async def update(self, content: dict[str, Any], *, button: Button | None = None) -> list[Parcel]:
        self._numbers += 1
        update = Update.parse({"update_id": self._numbers, **content})
        return await self._arrive(f"update:{self.chat_id}:{self._numbers}", update=update, button=button)

    async def event(self, name: str, **data: Any) -> list[Parcel]:
        self._numbers += 1
        return await self._arrive(f"event:{self.chat_id}:{self._numbers}", event=Event(name, data))

    async def press(self, which: int | str = 0, *, data: str = "-") -> list[Parcel]:
        """Presses a button of the newest keyboard: by number (the first is 0) or by its label's key."""
        return await self.press_button(self.find_button(which), data=data)

    async def press_button(self, button: Button, *, data: str = "-") -> list[Parcel]:
        query = {"id": f"press{self._numbers}", "from": self.person, "data": data}
        message = {"message_id": 1, "date": 0, "chat": self.chat}
        return await self.update({"callback_query": {**query, "message": message}}, button=button)

    async def _arrive(
        self, key: str, *, update: Update | None = None, event: Event | None = None, button: Button | None = None
    ) -> list[Parcel]:
        queues, now = self.store.queues, self.clock.now()
        await self.store.write(queues.put("inbox", key, self.chat_id, {}, now=now))
        incoming = Incoming(
            key=key,
            chat_id=self.chat_id,
            user_id=self.chat_id,
            received_at=now,
            finish=queues.finish("inbox", key, now=now),
            update=update,
            event=event,
        )
        write = await self.answer(incoming, button)
        if write is not None:
            await self.store.write(write + incoming.finish)
        return await self.listen()

    async def listen(self) -> list[Parcel]:
        """What has arrived since the last time."""
        rows = await self.store.queues.waiting("outbox", self.chat_id, limit=1000)
        write = NOTHING
        for row in rows:
            write += self.store.queues.finish("outbox", row.key, now=self.clock.now())
        await self.store.write(write)
        new = [decode(row.payload) for row in rows]
        self.heard += new
        return new

    def find_button(self, which: int | str = 0) -> Button:
        for parcel in reversed(self.heard):
            if parcel.act == SAY and parcel.keyboard:
                buttons = [button for row in parcel.keyboard for button in row if isinstance(button, Button)]
                if isinstance(which, int):
                    return buttons[which]
                found = [one for one in buttons if isinstance(one.label, Text) and one.label.key == which]
                if found:
                    return found[0]
        raise LookupError(f"no such button: {which}")


def keys(parcels: list[Parcel]) -> list[str]:
    """Keys of what was said or shown; edits as `edit KEY`, words on a press as `press KEY`, silent ones left out."""
    named = []
    for parcel in parcels:
        if parcel.text is not None:
            prefix = {SAY: "", ACKNOWLEDGE: "press "}.get(parcel.act, "edit ")
            named.append(prefix + parcel.text.key)
    return named
