"""Metrics: one registry per daemon, a page that Prometheus reads."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from daemon.metrics import Metrics


def samples(metrics):
    families = text_string_to_metric_families(metrics.page().decode())
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value for family in families for sample in family.samples
    }


def test_counts_are_on_the_page():
    metrics = Metrics()
    metrics.updates.labels("message").inc()
    metrics.applications.labels("confirmed").inc(3)
    page = samples(metrics)
    assert page["aurora_updates_total", "message"] == 1
    assert page["aurora_applications_total", "confirmed"] == 3


def test_two_daemons_do_not_share_figures():
    first, second = Metrics(), Metrics()
    first.messages.labels("sent").inc()
    assert ("aurora_messages_total", "sent") not in samples(second)


def test_calls_are_measured():
    metrics = Metrics()
    metrics.board_calls.labels("hh", "search", "done").observe(0.3)
    metrics.model_calls.labels("gemini", "letter", "refused").observe(3)
    page = samples(metrics)
    assert page["aurora_board_call_seconds_count", "done", "hh", "search"] == 1
    assert page["aurora_model_call_seconds_sum", "gemini", "letter", "refused"] == 3


def test_gauges_are_read_when_asked():
    metrics = Metrics()
    lanes = [1, 2]
    metrics.gauge("aurora_open_lanes", "Busy chats.", lambda: len(lanes))
    metrics.gauges("aurora_children", "Children.", "phase", lambda: {"running": len(lanes), "held": 0})
    assert samples(metrics)["aurora_open_lanes",] == 2
    lanes.append(3)
    page = samples(metrics)
    assert (page["aurora_open_lanes",], page["aurora_children", "running"], page["aurora_children", "held"]) == (
        3,
        3,
        0,
    )


def test_loop_lag_has_buckets():
    metrics = Metrics()
    metrics.loop_lag.observe(0.004)
    page = samples(metrics)
    assert page["aurora_loop_lag_seconds_bucket", "0.005"] == 1
    assert page["aurora_loop_lag_seconds_bucket", "0.001"] == 0
