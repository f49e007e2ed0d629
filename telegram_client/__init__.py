"""Talk to the Telegram Bot API. Knows nothing about users of ours, jobs or storage.

client.py      TelegramClient: one `call(method, params)`; the only file that sends HTTP to Telegram
transport.py   the seam below it; http_transport.py on Trio streams (http_wire.py: bytes, dialing.py: proxies, TLS),
               tests/fakes in memory
methods.py     typed wrappers for the Bot API methods we use
types.py       pydantic models of what we read; unknown fields and kinds pass
errors.py      TelegramError and its children, by whose fault it is
long_poll.py   async generator of update batches; keeps nothing
rate_limit.py  buckets per bot, per chat and per group
markup.py, formatting.py, files.py, multipart.py, token.py
"""
