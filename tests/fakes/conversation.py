"""A person in a chat with whatever answers updates: what they send passes the inbox, what they hear is read off the
outbox as a sender would, in order. No sockets, no lanes: tests of dialogs and handlers drive it by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trio

from daemon.inbox.router import Event, Incoming
from daemon.outbox.message import Button, Text
from daemon.outbox.payload import ACKNOWLEDGE, SAY, Parcel, decode
from store.write import join
from telegram_client.types import Update

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from daemon.clock import Clock
    from daemon.outbox.buttons import ButtonSigner
    from store.durable.queues import QueueItem
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
        signer: ButtonSigner | None = None,
        is_settling: bool = False,
    ) -> None:
        self.store = store
        self.clock = clock
        self.answer = answer
        self.chat_id = chat_id
        self.language_code = language_code
        self.signer = signer
        self.is_settling = is_settling
        """Whether everything the daemon does by itself is over before the next thing is heard."""
        self.heard: list[Parcel] = []
        """Everything that reached the person, in order."""
        self._numbers = 0
        self._buttons: dict[str, Button] = {}

    def beside(self, chat_id: int) -> Conversation:
        """Another person in a chat of their own."""
        return Conversation(
            self.store,
            self.clock,
            self.answer,
            chat_id=chat_id,
            language_code=self.language_code,
            signer=self.signer,
            is_settling=self.is_settling,
        )

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
        key = f"update:{self.chat_id}:{self._numbers}"
        if button is not None:
            self._buttons[key] = button
        return await self._arrive(key, {"update": {"update_id": self._numbers, **content}})

    async def event(self, name: str, **data: Any) -> list[Parcel]:
        self._numbers += 1
        payload = {"event": name, "data": data, "user_id": self.chat_id}
        return await self._arrive(f"event:{self.chat_id}:{self._numbers}", payload)

    async def press(self, which: int | str = 0) -> list[Parcel]:
        """Presses a button of the newest keyboard: by number (the first is 0) or by its label's key."""
        return await self.press_button(self.find_button(which))

    async def press_button(self, button: Button) -> list[Parcel]:
        data = self.signer.sign(self.chat_id, button.action, button.argument) if self.signer else "-"
        return await self.press_data(data, button=button)

    async def press_data(self, data: str, *, button: Button | None = None) -> list[Parcel]:
        """A press as Telegram brings it, whoever made its data."""
        query = {"id": f"press:{self.chat_id}:{self._numbers}", "from": self.person, "data": data}
        message = {"message_id": 1, "date": 0, "chat": self.chat}
        return await self.update({"callback_query": {**query, "message": message}}, button=button)

    async def _arrive(self, key: str, payload: dict[str, Any]) -> list[Parcel]:
        await self.store.write(self.store.queues.put("inbox", key, self.chat_id, payload, now=self.clock.now()))
        await self.pump()
        return await (self.settle() if self.is_settling else self.listen())

    async def settle(self) -> list[Parcel]:
        """Lets the daemon finish whatever it does by itself."""
        await trio.testing.wait_all_tasks_blocked()
        while await self.pump():
            await trio.testing.wait_all_tasks_blocked()
        return await self.listen()

    async def pump(self) -> int:
        """Handles what waits in this chat's lane, as the inbox would; how many."""
        handled = 0
        while items := await self.store.queues.waiting("inbox", self.chat_id, limit=1):
            incoming = self._read(items[0])
            write = await self.answer(incoming, self._buttons.get(incoming.key))
            if write is not None:
                await self.store.write(write + incoming.finish)
            handled += 1
        return handled

    def _read(self, item: QueueItem) -> Incoming:
        update = Update.parse(item.payload["update"]) if "update" in item.payload else None
        return Incoming(
            key=item.key,
            chat_id=self.chat_id,
            user_id=self.chat_id,
            received_at=item.put_at,
            finish=self.store.queues.finish("inbox", item.key, now=self.clock.now()),
            update=update,
            event=None if update else Event(item.payload["event"], item.payload["data"]),
        )

    async def listen(self) -> list[Parcel]:
        """What has arrived since the last time."""
        # A person hears a message once, also when the daemon under test dies at this very moment.
        with trio.CancelScope(shield=True):
            rows = await self.store.queues.waiting("outbox", self.chat_id, limit=1000)
            now = self.clock.now()
            await self.store.write(join(self.store.queues.finish("outbox", row.key, now=now) for row in rows))
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
