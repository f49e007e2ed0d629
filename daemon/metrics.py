"""Metrics: what every room counts, and the Prometheus text page of it.

One `Metrics` per daemon, handed to the rooms that count; nothing is registered globally, so that tests and a second
daemon in one process do not see each other's figures. Labels are small closed sets, never ids of people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from prometheus_client.core import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
CALL_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 45)
LAG_SECONDS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2)


class Metrics:
    """Counters of one daemon."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry(auto_describe=False)
        self.updates = Counter("aurora_updates", "Updates taken in.", ["kind"], registry=registry)
        self.updates_buried = Counter("aurora_updates_buried", "Updates given up on.", registry=registry)
        self.messages = Counter("aurora_messages", "Messages to people.", ["outcome"], registry=registry)
        self.applications = Counter("aurora_applications", "Applications.", ["outcome"], registry=registry)
        self.board_calls = Histogram(
            "aurora_board_call_seconds",
            "Calls to job boards.",
            ["board", "operation", "outcome"],
            buckets=CALL_SECONDS,
            registry=registry,
        )
        self.model_calls = Histogram(
            "aurora_model_call_seconds",
            "Calls to language models.",
            ["provider", "purpose", "outcome"],
            buckets=CALL_SECONDS,
            registry=registry,
        )
        self.model_tokens = Counter("aurora_model_tokens", "Tokens.", ["provider", "kind"], registry=registry)
        self.loop_lag = Histogram(
            "aurora_loop_lag_seconds", "How late the loop gets round.", buckets=LAG_SECONDS, registry=registry
        )

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
