"""The chat page's server side: one is the user here, and sees the board's side next to the chat.

Mounted at `/` of the world. The page itself is plain files in `chat_page/`; it lives on `/world/log` (long polling) and
asks here for what changed. Nothing here is known to the daemon.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import orjson

from daemon.sandbox.service import Request, Response, answer_json
from daemon.sandbox.telegram_people import NothingToPress

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.sandbox.hh_state import HhState
    from daemon.sandbox.telegram import TelegramDouble
    from daemon.sandbox.telegram_people import TelegramPeople
    from daemon.sandbox.telegram_state import ChatMessage
    from daemon.sandbox.world_log import Act, WorldLog

    Body = dict[str, Any]

PAGES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/chat.css": ("chat.css", "text/css; charset=utf-8"),
    "/chat.js": ("chat.js", "text/javascript; charset=utf-8"),
    "/board.js": ("board.js", "text/javascript; charset=utf-8"),
    "/favicon.svg": ("favicon.svg", "image/svg+xml"),
}
_PERSON_PATH = re.compile(r"/chat/people/(-?\d+)(?:/([a-z]+))?")
LONGEST_LETTER_SHOWN = 4000


class ChatPage:
    """A `Service`: the page, the people's chats, and the board as its owner sees it."""

    def __init__(self, telegram: TelegramDouble, people: TelegramPeople, board: HhState, log: WorldLog) -> None:
        self._state = telegram.state
        self._people = people
        self._board = board
        self._log = log

    async def handle(self, request: Request) -> Response:
        """Answers one request."""
        if request.method == "GET" and request.path in PAGES:
            name, content_type = PAGES[request.path]
            return Response(200, {"content-type": content_type, "cache-control": "no-store"}, read_page(name))
        try:
            body = orjson.loads(request.body or b"{}")
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            return answer_json({"error": "a JSON object is expected"}, 400)
        if request.path == "/chat/people":
            return self._add_person(body) if request.method == "POST" else answer_json({"people": self._everybody()})
        if request.path == "/chat/board":
            return self._switch(body) if request.method == "POST" else answer_json(self._board_side())
        found = _PERSON_PATH.fullmatch(request.path)
        if found is None or int(found.group(1)) not in self._state.people:
            return answer_json({"error": "not found"}, 404)
        return self._talk(int(found.group(1)), found.group(2), body)

    def _talk(self, user_id: int, act: str | None, body: Body) -> Response:
        """What a person does, or (no act) what they see."""
        acts: dict[str, Callable[[], object]] = {
            "text": lambda: self._people.send_text(user_id, str(body["text"])),
            "press": lambda: self._people.press(
                user_id, int(body["message"]), int(body.get("row", 0)), int(body.get("column", 0))
            ),
            "sticker": lambda: self._people.send_sticker(user_id, str(body.get("emoji", "👍"))),
            "photo": lambda: self._people.send_photo(user_id, str(body.get("caption", ""))),
            "forward": lambda: self._people.forward_text(user_id, str(body["text"])),
            "block": lambda: self._people.block(user_id),
            "unblock": lambda: self._people.unblock(user_id),
        }
        if act is not None and act not in acts:
            return answer_json({"error": "not found"}, 404)
        try:
            if act:
                acts[act]()
        except (KeyError, ValueError, NothingToPress) as e:
            return answer_json({"error": str(e)}, 400)
        return answer_json(self._chat_of(user_id))

    def _add_person(self, body: Body) -> Response:
        name = str(body.get("first_name") or "Гость").strip()[:64] or "Гость"
        language = "en" if body.get("language") == "en" else "ru"
        person = self._people.add(name, language=language)
        return answer_json({"id": person.user_id}, 201)

    def _everybody(self) -> list[Body]:
        last = {message.chat_id: message for message in self._state.messages.values()}
        return [
            {
                "id": person.user_id,
                "name": f"{person.first_name} {person.last_name}".strip(),
                "language": person.language,
                "is_blocked": person.has_blocked,
                "last": _preview(last.get(person.user_id)),
                "at": last[person.user_id].sent_at if person.user_id in last else None,
            }
            for person in self._state.people.values()
        ]

    def _chat_of(self, user_id: int) -> Body:
        person = self._state.people[user_id]
        keyboard = self._state.reply_keyboards.get(user_id, {}).get("keyboard", [])
        return {
            "id": user_id,
            "name": person.first_name,
            "language": person.language,
            "is_blocked": person.has_blocked,
            "keyboard": [[button["text"] for button in row] for row in keyboard],
            "messages": [_shown(message) for message in self._state.chat_messages(user_id)],
        }

    def _board_side(self) -> Body:
        made = list(self._log.acts("application_made"))
        per_pair = Counter((act.get("user"), act.get("vacancy")) for act in made)
        return {
            "applications": [self._application(act) for act in made],
            "applied": len(made),
            "duplicates": sum(count - 1 for count in per_pair.values()),
            "refused": self._log.count("application_refused"),
            "searches": self._log.count("searched"),
            "model_calls": self._log.count("model_asked"),
            "vacancies": len(self._board.vacancies),
            "is_closed": bool(self._board.switches.closed_calls),
            "asks_captcha": bool(self._board.switches.captcha_for),
        }

    def _application(self, act: Act) -> Body:
        vacancy = self._board.vacancies.get(str(act.get("vacancy")))
        person = self._board.people.get(str(act.get("user")))
        application = self._board.applications.get(str(act.get("application")))
        return {
            "id": act.get("application"),
            "at": act.at,
            "vacancy": act.get("vacancy"),
            "title": vacancy.title if vacancy else "?",
            "employer": vacancy.employer.name if vacancy else "?",
            "area": vacancy.area.name if vacancy else "",
            "person": f"{person.first_name} {person.last_name}" if person else "?",
            "letter": str(act.get("letter") or "")[:LONGEST_LETTER_SHOWN],
            "state": application.state if application else "response",
            "source": act.get("source"),
        }

    def _switch(self, body: Body) -> Response:
        """What the board's owner may do: shut the applicants' door, ask for a captcha, answer an applicant."""
        if "is_closed" in body:
            self._board.close_applicant_api() if body["is_closed"] else self._board.close_applicant_api(())
        if body.get("asks_captcha"):
            self._board.require_captcha()
        elif "asks_captcha" in body:
            self._board.switches.captcha_for.clear()
        if body.get("application") in self._board.applications and body.get("state") in {"invitation", "discard"}:
            self._board.answer(body["application"], body["state"])
        self._log.note("board_switched", is_closed=bool(self._board.switches.closed_calls))
        return answer_json(self._board_side())


@cache
def read_page(name: str) -> bytes:
    """A file of the page."""
    return (files("daemon.sandbox") / "chat_page" / name).read_bytes()


def _shown(message: ChatMessage) -> Body:
    extra = message.extra
    return {
        "id": message.message_id,
        "is_mine": message.sender_id is not None,
        "at": message.sent_at,
        "is_edited": message.edited_at is not None,
        "text": message.text or str(extra.get("caption", "")),
        "entities": message.entities,
        "rows": message.inline_rows,
        "thing": next((kind for kind in ("sticker", "photo", "document") if kind in extra), None),
        "emoji": extra.get("sticker", {}).get("emoji"),
        "file": extra.get("document", {}).get("file_name"),
        "is_forwarded": "forward_origin" in extra,
    }


def _preview(message: ChatMessage | None) -> str:
    if message is None:
        return ""
    return (message.text or next(iter(message.extra), "")).replace("\n", " ")[:80]
