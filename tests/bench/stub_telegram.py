"""A Bot API server of raw sockets in a process of its own: gives out updates, takes messages, costs the bot nothing.

`python -m tests.bench.stub_telegram COUNT CHATS PER_SECOND` prints its port. PER_SECOND 0: all updates are there at once.
"""

from __future__ import annotations

import sys

import httptools
import orjson
import trio

OK = b'{"ok":true,"result":{"message_id":1,"date":0,"chat":{"id":1,"type":"private"},"text":"x"}}'
TRUE = b'{"ok":true,"result":true}'


def make_update(number: int, chats: int) -> bytes:
    chat_id = 1000 + number % chats
    person = {"id": chat_id, "is_bot": False, "first_name": "Анна", "last_name": "К", "language_code": "ru"}
    return orjson.dumps(
        {
            "update_id": number,
            "message": {
                "message_id": number,
                "from": person,
                "chat": {"id": chat_id, "first_name": "Анна", "last_name": "К", "type": "private"},
                "date": 1_790_000_000,
                "text": "/help",
                "entities": [{"offset": 0, "length": 5, "type": "bot_command"}],
            },
        }
    )


class Stub:
    """Updates 1 to COUNT; those below the asked offset are confirmed."""

    def __init__(self, count, chats, per_second):
        self.updates = [make_update(number, chats) for number in range(1, count + 1)]
        self.per_second = per_second
        self.started_at = None

    async def answer(self, method, body):
        if method != b"getUpdates":
            return OK if method == b"sendMessage" else TRUE
        params = orjson.loads(body)
        first = max(params.get("offset", 1), 1)
        if self.started_at is None:
            self.started_at = trio.current_time()
        while True:
            released = len(self.updates)
            if self.per_second:
                released = min(released, int((trio.current_time() - self.started_at) * self.per_second))
            batch = self.updates[first - 1 : min(first + 99, released)]
            if batch:
                return b'{"ok":true,"result":[' + b",".join(batch) + b"]}"
            await trio.sleep(1 / self.per_second if self.per_second and released < len(self.updates) else 0.5)


class Reader:
    def __init__(self):
        self.parser = httptools.HttpRequestParser(self)
        self.url, self.body, self.is_complete = b"", b"", False

    def on_url(self, url):
        self.url = url

    def on_body(self, body):
        self.body += body

    def on_message_complete(self):
        self.is_complete = True


async def serve(stub):
    async def handle(stream):
        reader = Reader()
        try:
            while data := await stream.receive_some(65536):
                reader.parser.feed_data(data)
                if not reader.is_complete:
                    continue
                answer = await stub.answer(reader.url.rpartition(b"/")[2], reader.body)
                head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer)
                await stream.send_all(head + answer)
                reader.url, reader.body, reader.is_complete = b"", b"", False
        except trio.BrokenResourceError:
            pass

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    print(listeners[0].socket.getsockname()[1], flush=True)
    await trio.serve_listeners(handle, listeners)


if __name__ == "__main__":
    trio.run(serve, Stub(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
