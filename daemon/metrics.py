"""Metrics: what is counted while the daemon runs, and the Prometheus text page of it.

What happens is counted where it is logged (`tap`), what is there is read when the page is asked for (`gauges`), so no
room has to carry counters around. One `Metrics` per daemon; nothing is registered globally, so that tests and a second
daemon in one process do not see each other's figures. Labels are small closed sets, never ids of people.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prometheus_client.core import Metric
    from structlog.typing import EventDict, WrappedLogger

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LAG_SECONDS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2)
CALL_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 45)
"""Boards answer in tenths of a second, models in seconds; 45 s is where a call is given up."""

MESSAGE_OUTCOMES = ("sent", "dropped", "unreachable")
"""Out, never taken by Telegram, or its chat wants nothing from us."""

NoteCall = Callable[[str, str, str, float], None]
"""`note_call(service, call, outcome, seconds)`: a call to the outside is over. Three words of small closed sets."""


class Metrics:
    """Counters of one daemon."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry(auto_describe=False)
        self.events = Counter("aurora_events", "What the log told, by event.", ["event", "level"], registry=registry)
        self.loop_lag = Histogram(
            "aurora_loop_lag_seconds", "How late the loop gets round.", buckets=LAG_SECONDS, registry=registry
        )
        self._applications = Counter(
            "aurora_applications",
            "Answers of boards to applications, and what asking about lost answers brought.",
            ["outcome"],
            registry=registry,
        )
        messages = Counter("aurora_messages", "Rows of the outbox settled, by outcome.", ["outcome"], registry=registry)
        # Looked up once: a label costs as much as the count, and every message passes here.
        self._messages = {outcome: messages.labels(outcome) for outcome in MESSAGE_OUTCOMES}
        self._calls = Histogram(
            "aurora_call_seconds",
            "Calls to boards and models, without the wait for their turn.",
            ["service", "call", "outcome"],
            buckets=CALL_SECONDS,
            registry=registry,
        )

    def tap(self, _logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        """Counts log lines, as a processor of structlog: whatever a room finds worth telling is a figure too.

        Event names are a closed set, they stand in the code; what libraries say is counted as one.
        """
        name = str(event.get("event", ""))
        self.events.labels(name, str(event.get("level", method))).inc()
        if name == "application_settled":
            self._applications.labels(str(event["outcome"])).inc()
        elif name == "reconciled":
            self._applications.labels("found_at_board" if event["is_there"] else "not_at_board").inc()
        return event

    def note_message(self, outcome: str) -> None:
        """A message, an edit or an answer to a press is settled; `outcome` is one of `MESSAGE_OUTCOMES`."""
        self._messages[outcome].inc()

    def note_call(self, service: str, call: str, outcome: str, seconds: float) -> None:
        """A call to the outside is over, however it ended: `note_call("hh", "GET /vacancies", "2xx", 0.21)`."""
        self._calls.labels(service, call, outcome).observe(seconds)

    def gauge(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """A figure read when the page is asked for: `gauge("aurora_open_lanes", "Busy chats.", lambda: len(lanes))`."""
        Gauge(name, meaning, registry=self.registry).set_function(read)

    def gauges(self, name: str, meaning: str, label: str, read: Callable[[], Mapping[str, float]]) -> None:
        """Several figures told apart by one label: `gauges("aurora_children", "Children.", "phase", count_phases)`."""
        self.registry.register(_Read(name, meaning, label, read))

    def page(self) -> bytes:
        """The Prometheus text page."""
        return generate_latest(self.registry)


class _Read:
    """Asks for its figures when the page is made."""

    def __init__(self, name: str, meaning: str, label: str, read: Callable[[], Mapping[str, float]]) -> None:
        self._name = name
        self._meaning = meaning
        self._label = label
        self._read = read

    def collect(self) -> Iterable[Metric]:
        """As `CollectorRegistry` wants it."""
        family = GaugeMetricFamily(self._name, self._meaning, labels=[self._label])
        for value, figure in sorted(self._read().items()):
            family.add_metric([value], figure)
        yield family
