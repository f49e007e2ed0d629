"""The product: everything it decides and does.

main.py wires it: store > web, admin > outbox > supervisor > (schedule, autopilots) > inbox (lanes, poller).

inbox/       from getUpdates to the right handler, in order per chat
outbox/      every message to a person leaves here
lane_runner.py  what both stand on: one durable queue, lanes in order, side by side, bounded
dialogs/     durable linear dialogs: the engine; scripts live in bot/scripts
supervisor/  keeps tasks running; knows nothing of jobs or Telegram
schedule/    when, never what
bot/         what a person sees and presses
autopilot/   one person, one hunt
accounts/    who is here, their login at a board, their rights
boards/      job boards: the contract and one folder per board
llm/         language models: the contract and one file per provider
admin/       what an operator can do: each verb once, three doors
web/         the HTTP door for browsers and probes
i18n/        Russian and English texts
sandbox/     the simulated world for the demo and the tests; nothing of the product knows it
"""

VERSION = "0.1.0"
