"""The simulated world for the demo, the sandbox command and the tests. Nothing else imports it.

The map. `service.py` is what every double is: a request in, a response out. `telegram*.py` is the Bot API server and
the people in its chats, `hh*.py` the board (`corpus*.py`, `people.py`: what it has in stock), `model*.py` the language
models. `faults.py` breaks any of them, `world_log.py` remembers everything, `control.py` and `chat.py` are doors for
people, `world.py` puts it all on one port of `server.py`. On top of it stands the story: `person.py` presses buttons in
a `browser.py`, `plot.py` says when `daemon_process.py` is struck, `narrator.py` tells it, `judge.py` has the last word.
"""
