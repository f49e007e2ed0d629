"""What a row of the outbox holds: everything its message needs, as JSON, and back.

Written by `outbox.py`, read by `sender.py`, perhaps by a later release: fields are only ever added, and what is
missing has a default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from daemon.outbox.message import Button, CopyButton, Text, UrlButton, Verbatim

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.outbox.message import InlineKeyboard

SAY = "say"
EDIT = "edit"
ACKNOWLEDGE = "acknowledge"


class UnreadablePayload(Exception):
    """This row was not written by any release we know."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One row of the outbox, read."""

    act: str
    """`say`, `edit` or `acknowledge`."""
    text: Text | None = None
    body: str | None = None
    keyboard: InlineKeyboard = ()
    has_menu: bool = False
    card: str | None = None
    link_preview: bool = False
    is_notice: bool = False
    """Nobody asked for it: it may be lost, and is never sent twice."""
    callback_query_id: str | None = None
    is_alert: bool = False
    parts_sent: int = 0
    """Pieces of a long text that are out already."""


_FLAGS = ("has_menu", "link_preview", "is_notice", "is_alert")


def encode(parcel: Parcel) -> dict[str, Any]:
    """As JSON; what is at its default is left out."""
    payload: dict[str, Any] = {"act": parcel.act}
    if parcel.text is not None:
        payload["text"] = encode_text(parcel.text)
    if parcel.keyboard:
        payload["keyboard"] = [[_encode_button(button) for button in row] for row in parcel.keyboard]
    for name in ("body", "card", "callback_query_id"):
        value = getattr(parcel, name)
        if value is not None:
            payload[name] = value
    for name in _FLAGS:
        if getattr(parcel, name):
            payload[name] = True
    if parcel.parts_sent:
        payload["parts_sent"] = parcel.parts_sent
    return payload


def decode(payload: Mapping[str, Any] | Parcel) -> Parcel:
    """Raises `UnreadablePayload`. What was never written down need not be read."""
    if isinstance(payload, Parcel):
        return payload
    try:
        text = payload.get("text")
        keyboard = payload.get("keyboard", ())
        return Parcel(
            act=payload["act"],
            text=None if text is None else _decode_keyed(text),
            body=payload.get("body"),
            keyboard=tuple(tuple(_decode_button(button) for button in row) for row in keyboard),
            has_menu=payload.get("has_menu", False),
            card=payload.get("card"),
            link_preview=payload.get("link_preview", False),
            is_notice=payload.get("is_notice", False),
            callback_query_id=payload.get("callback_query_id"),
            is_alert=payload.get("is_alert", False),
            parts_sent=payload.get("parts_sent", 0),
        )
    except (LookupError, TypeError, AttributeError) as error:
        raise UnreadablePayload(f"a row of the outbox can't be read: {type(error).__name__}") from error


def encode_text(text: Text | Verbatim) -> Any:
    """A text as JSON, texts inside it included; what is shown as it is becomes a plain string."""
    if isinstance(text, Verbatim):
        return text.text
    values = {
        name: encode_text(value) if isinstance(value, Text | Verbatim) else value for name, value in text.values.items()
    }
    return [text.key, values]


def decode_text(wire: Any) -> Text | Verbatim:
    """From JSON. Raises LookupError, TypeError or AttributeError for what is no text."""
    return Verbatim(wire) if isinstance(wire, str) else _decode_keyed(wire)


def _decode_keyed(wire: Any) -> Text:
    values = {name: _decode_keyed(value) if isinstance(value, list) else value for name, value in wire[1].items()}
    return Text(wire[0], values)


def _encode_button(button: Button | UrlButton | CopyButton) -> dict[str, Any]:
    wire: dict[str, Any] = {"label": encode_text(button.label)}
    if isinstance(button, Button):
        wire["action"] = button.action
        if button.argument:
            wire["argument"] = button.argument
        if button.style:
            wire["style"] = button.style
    elif isinstance(button, UrlButton):
        wire["url"] = button.url
    else:
        wire["copy"] = button.text
    return wire


def _decode_button(wire: Mapping[str, Any]) -> Button | UrlButton | CopyButton:
    label = decode_text(wire["label"])
    if "action" in wire:
        return Button(label, wire["action"], wire.get("argument", ""), wire.get("style"))
    if "url" in wire:
        return UrlButton(label, wire["url"])
    return CopyButton(label, wire["copy"])
