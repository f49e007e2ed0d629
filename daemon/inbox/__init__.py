"""From getUpdates to the right handler, in order per chat. No handler lives here.

poller.py   the long-poll loop: batch and cursor on disk, then the next poll; its health in words
webhook.py  updates brought to our HTTP door instead: the webhook set and watched, each on disk before its 200
intake.py   a batch to disk; what is quick is answered before that, in the same commit
lanes.py    one ordered lane per chat: row, handler, one write; three tries, then buried
reading.py  rows of the inbox, written and read
router.py   the contract: an incoming thing in, its handler out
"""
