"""StoreError and its children: what a caller of the store can tell apart.

StoreError
├── Conflict              an expectation of a write was missed; nothing of that write happened
│   ├── LeaseLost         the writer no longer owns what it writes for: stop
│   └── CapReached        a plan would have passed its cap
├── StoreUnavailable      the disk or the database does not take writes now; try again later
│   ├── OutcomeUnknown    the database went away over a commit and stays away: it may have happened
│   └── StoreRefused      the database is there and does not let us in: a start does not wait for that to pass
├── StoreCorrupt          the file is damaged or no database at all
├── StoreInUse            another process holds the file
└── SchemaTooNew          the file was written by a newer release
"""


class StoreError(Exception):
    """The store failed."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class Conflict(StoreError):
    """An expectation of this write was missed; nothing of it happened."""


class LeaseLost(Conflict):
    """The lease this write relies on belongs to somebody else now."""


class CapReached(Conflict):
    """The cap for this period is used up."""


class StoreUnavailable(StoreError):
    """The store takes no writes at the moment."""

    will_pass = True
    """The task that meets it is not broken: a full disk once had every hunt given up for half an hour."""
    retry_after_seconds = 2.0
    dependency = "store"
    """Whoever meets it, wherever: it is one failure, of what all share."""


class OutcomeUnknown(StoreUnavailable):
    """The database went away over a commit: it may have happened, or not.

    Whoever writes again must write what does no harm twice: every move of the ledger, the queues, timers and journals
    names the state or version it comes from, so the second of two is a `Conflict` and no second effect.
    """


class StoreRefused(StoreUnavailable):
    """The database is there and does not let us in: a password, a name, encryption.

    To a daemon that runs this is like any other absence: its password may be changed a moment before the server's.
    """


class StoreCorrupt(StoreError):
    """The store's file is damaged or not a database."""


class StoreInUse(StoreError):
    """Another process uses this store."""


class SchemaTooNew(StoreError):
    """The store was written by a newer release."""
