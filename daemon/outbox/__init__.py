"""Every message to a person leaves here. What is said is decided elsewhere.

message.py    what is said, as a value             outbox.py     the write of its row
payload.py    what a row holds                     languages.py  in which language a chat is written to
rendering.py  from a row to what goes on the wire  buttons.py    signed, bound to their person
sender.py     rows in order per chat, marked       delivery.py   one row, and what its answer means
attempt.py    one message, mended as far as Telegram's refusals say how
"""
