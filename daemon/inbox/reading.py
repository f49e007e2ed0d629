"""Rows of the inbox, written and read.

`poller.py` writes the rows of updates, schedule and web those of outside events; `lanes.py` reads both. A row holds
exactly what came: reading is where a shape may be found wrong, long after it is safe on disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daemon.inbox.router import Event, Incoming
from store.ids import ChatId, UserId
from telegram_client.types import UnreadableUpdate, Update, read_origin

if TYPE_CHECKING:
    from store.durable.queues import QueueItem
    from store.write import Write

QUEUE = "inbox"
NOBODYS_LANE = ChatId(0)
"""Where updates go that name neither a chat nor a person."""


def key_of_update(raw: dict[str, Any]) -> str:
    """An update is the same row however often it comes."""
    return f"update:{raw['update_id']}"


def lane_of_update(raw: dict[str, Any]) -> ChatId:
    """Its chat's lane; a broken update's too, where its chat can be read."""
    _, chat_id, _ = read_origin(raw)
    return NOBODYS_LANE if chat_id is None else ChatId(chat_id)


def update_payload(raw: dict[str, Any]) -> dict[str, Any]:
    """The row of an update."""
    return {"update": raw}


def event_payload(name: str, data: dict[str, Any], user_id: UserId) -> dict[str, Any]:
    """The row of an outside event."""
    return {"event": name, "data": data, "user_id": user_id}


def read_item(item: QueueItem, finish: Write) -> Incoming | None:
    """What came; None where there is no person to answer (posts of channels). Raises `UnreadableUpdate`."""
    payload = item.payload
    if not isinstance(payload, dict):
        raise UnreadableUpdate("a row of the inbox is not an object")
    if "update" in payload:
        update = Update.parse(payload["update"])
        if update.user_id is None:
            return None
        return Incoming(item.key, item.lane, UserId(update.user_id), item.put_at, finish, update=update)
    name, data, user_id = payload.get("event"), payload.get("data"), payload.get("user_id")
    if not (isinstance(name, str) and isinstance(data, dict) and isinstance(user_id, int)):
        raise UnreadableUpdate("a row of the inbox is neither an update nor an event")
    return Incoming(item.key, item.lane, UserId(user_id), item.put_at, finish, event=Event(name, data))
