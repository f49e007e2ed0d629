"""Metrics: one registry per daemon, a page that Prometheus reads."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from daemon.metrics import MESSAGE_OUTCOMES, Metrics


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


def test_applications_are_counted_by_outcome():
    metrics = Metrics()
    for outcome in ("confirmed", "confirmed", "board_limit"):
        metrics.tap(None, "info", {"event": "application_settled", "user_id": 7, "outcome": outcome})
    metrics.tap(None, "info", {"event": "reconciled", "user_id": 7, "is_there": True})
    metrics.tap(None, "info", {"event": "reconciled", "user_id": 7, "is_there": False})
    page = samples(metrics)
    counted = {labels[0]: value for (name, *labels), value in page.items() if name == "aurora_applications_total"}
    assert counted == {"confirmed": 2, "board_limit": 1, "found_at_board": 1, "not_at_board": 1}


def test_calls_have_buckets_by_service_call_and_outcome():
    metrics = Metrics()
    metrics.note_call("hh", "GET /vacancies", "2xx", 0.2)
    metrics.note_call("hh", "GET /vacancies", "2xx", 3)
    metrics.note_call("gemini", "letter", "busy", 60)
    page = samples(metrics)
    assert page["aurora_call_seconds_bucket", "0.25", "2xx", "GET /vacancies", "hh"] == 1
    assert page["aurora_call_seconds_sum", "2xx", "GET /vacancies", "hh"] == 3.2
    assert page["aurora_call_seconds_bucket", "45.0", "busy", "gemini", "letter"] == 0
    assert page["aurora_call_seconds_count", "busy", "gemini", "letter"] == 1


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


def test_messages_are_counted_by_outcome():
    metrics = Metrics()
    for outcome in ("sent", "sent", "dropped"):
        metrics.note_message(outcome)
    page = samples(metrics)
    assert [page["aurora_messages_total", outcome] for outcome in MESSAGE_OUTCOMES] == [2, 1, 0]
