"""Metrics: one registry per daemon, a page that Prometheus reads."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from daemon.metrics import Metrics


def samples(metrics):
    families = text_string_to_metric_families(metrics.page().decode())
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value for family in families for sample in family.samples
    }


def test_what_is_logged_is_counted():
    metrics = Metrics()
    for _ in range(3):
        assert metrics.tap(None, "info", {"event": "searched", "level": "info", "user_id": 7})["user_id"] == 7
    metrics.tap(None, "error", {"event": "child_stuck"})
    page = samples(metrics)
    assert page["aurora_events_total", "info", "searched"] == 3
    assert page["aurora_events_total", "child_stuck", "error"] == 1


def test_no_person_is_on_the_page():
    metrics = Metrics()
    metrics.tap(None, "info", {"event": "searched", "user_id": 4242, "child": "autopilot:4242"})
    assert b"4242" not in metrics.page()


def test_two_daemons_do_not_share_figures():
    first, second = Metrics(), Metrics()
    first.tap(None, "info", {"event": "searched", "level": "info"})
    assert ("aurora_events_total", "info", "searched") not in samples(second)


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
