"""The families of failure a caller must tell apart; the supervisor looks only at these.

DaemonError
├── Temporary(retry_after_seconds)   will pass: try again
├── Permanent                        will not pass by itself: stop, tell the person or the operator
└── NotAllowed                       this person may not do this
"""


class DaemonError(Exception):
    """Something in the daemon failed."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class Temporary(DaemonError):
    """This will pass; try again later."""

    def __init__(self, message: str | None = None, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Permanent(DaemonError):
    """This will not pass by itself."""


class NotAllowed(DaemonError):
    """This person may not do this."""
