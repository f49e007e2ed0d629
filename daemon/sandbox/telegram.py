"""The simulated Bot API server of one bot: token, method table, speed limits, answers on the wire.

Mounted at `/telegram` by `world.py`; in the tests the same object answers the client's fake transport. The people in
its chats are moved by `telegram_people.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from daemon.sandbox.forms import BrokenForm, read_form
from daemon.sandbox.service import Request, Response, answer_json
from daemon.sandbox.telegram_errors import MethodRefused, bad_request, too_many_requests
from daemon.sandbox.telegram_limits import SpeedGuard, SpeedLimits
from daemon.sandbox.telegram_methods import COUNTED, METHODS, read_chat_id
from daemon.sandbox.telegram_state import TelegramState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from daemon.clock import Clock
    from daemon.sandbox.world_log import WorldLog

WORLD_TOKEN = "7000000001:AAworldWORLDworldWORLDworldWORLDworld"  # noqa: S105 - the simulated bot's, worth nothing
_METHOD_PATH = re.compile(r"/bot([^/]+)/([A-Za-z]+)/?")
_FILE_PATH = re.compile(r"/file/bot([^/]+)/(.+)")


class TelegramDouble:
    """A `Service` that behaves as api.telegram.org does for one bot."""

    def __init__(
        self, clock: Clock, log: WorldLog, *, token: str = WORLD_TOKEN, limits: SpeedLimits | None = None
    ) -> None:
        self.state = TelegramState(token, clock, log)
        self._guard = SpeedGuard(clock, limits or SpeedLimits())

    async def handle(self, request: Request) -> Response:
        """Answers one request."""
        try:
            if found := _FILE_PATH.fullmatch(request.path):
                return self._download(found.group(1), found.group(2))
            return answer_json({"ok": True, "result": await self._call(request)})
        except MethodRefused as refused:
            if refused.code != 409:
                self.state.log.note("method_refused", code=refused.code, text=refused.description)
            return refused.as_response()

    async def _call(self, request: Request) -> Any:
        found = _METHOD_PATH.fullmatch(request.path)
        if found is None:
            raise MethodRefused(404, "Not Found")
        self._check_token(found.group(1))
        name = found.group(2).lower()
        method = METHODS.get(name)
        if method is None:
            raise MethodRefused(404, "Not Found: method not found")
        try:
            form = read_form(request)
        except BrokenForm as e:
            raise bad_request(str(e)) from None
        if name in COUNTED:
            self._admit(form.fields)
        return await method(self.state, form)

    def _check_token(self, token: str) -> None:
        if token != self.state.token:
            raise MethodRefused(401, "Unauthorized")

    def _admit(self, parameters: Mapping[str, Any]) -> None:
        wait_seconds = self._guard.admit(read_chat_id(parameters))
        if wait_seconds:
            raise too_many_requests(wait_seconds)

    def _download(self, token: str, path: str) -> Response:
        self._check_token(token)
        for stored in self.state.files.values():
            if stored.path == path:
                return Response(200, {"content-type": "application/octet-stream"}, stored.content)
        raise MethodRefused(404, "Not Found")
