"""Whatever shape a secret has when it is logged, the line does not hold it."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from daemon.logs import SILENT, Redactor, configure_logs
from daemon.secret import Secret

TOKEN = "987654321:AAHk-canary_canary_canary_canary_0123"
SECRET = "hush-hush-canary"

LEAVES = st.sampled_from(
    [TOKEN, SECRET, f"x{TOKEN}y", f"https://api.telegram.org/bot{TOKEN}/getMe", Secret(SECRET), 1, None]
)
SHAPES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.sampled_from(["a", "url", TOKEN]), inner, max_size=3),
    ),
    max_leaves=8,
)


@given(SHAPES)
def test_no_shape_hides_a_secret(value):
    cleaned = Redactor([Secret(SECRET)])(None, "info", {"event": "x", "value": value})
    assert TOKEN not in repr(cleaned)
    assert SECRET not in repr(cleaned)


@pytest.fixture
def stream(expected_errors):
    stream = io.StringIO()
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    configure_logs(stream=stream, secrets=[Secret(SECRET)])
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in SILENT:
        logging.getLogger(name).propagate = True
        logging.getLogger(name).setLevel(logging.NOTSET)


class Holder:
    """Prints its secret when it is printed."""

    def __repr__(self):
        return f"Holder({TOKEN})"


@pytest.mark.parametrize(
    "value",
    [
        TOKEN.encode(),
        Holder(),
        [Holder()],
        {"k": Holder()},
        ValueError(TOKEN),
        {TOKEN},
        frozenset({SECRET}),
        bytearray(SECRET.encode()),
    ],
)
def test_objects_are_searched_as_they_print(stream, value):
    structlog.get_logger("x").warning("said", value=value)
    assert TOKEN not in stream.getvalue()
    assert SECRET not in stream.getvalue()
    assert json.loads(stream.getvalue())["event"] == "said"


@pytest.mark.parametrize("name", ["urllib3", "hypercorn.error", "trio", "anything.else"])
def test_libraries_are_searched_too(stream, name):
    logging.getLogger(name).warning("GET https://api.telegram.org/bot%s/getMe", TOKEN)
    logging.getLogger(name).error("failed", exc_info=ValueError(TOKEN))
    assert TOKEN not in stream.getvalue()


def test_event_and_keys_are_searched(stream):
    structlog.get_logger("x").info(TOKEN, **{f"key-{SECRET}": 1})
    assert TOKEN not in stream.getvalue()
    assert SECRET not in stream.getvalue()


def test_traceback_with_secret_in_a_frame_shows_places_only(stream):
    def call(_token):
        raise OSError(TOKEN)

    try:
        call(TOKEN)
    except OSError:
        structlog.get_logger("x").exception("failed", url=TOKEN)
    assert TOKEN not in stream.getvalue()
    assert "call" in stream.getvalue()
