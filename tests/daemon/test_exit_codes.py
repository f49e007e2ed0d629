"""Which error ends the process with which code."""

from __future__ import annotations

import pytest

from daemon.config import SettingsError
from daemon.exit_codes import exit_code_of
from daemon.keyfile import KeyFileBroken
from store.errors import SchemaTooNew, StoreCorrupt, StoreInUse, StoreUnavailable


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("x"), 78),
        (KeyFileBroken("x"), 78),
        (SchemaTooNew(), 78),
        (StoreCorrupt(), 78),
        (StoreInUse(), 1),
        (StoreUnavailable(), 1),
        (OSError(), 1),
        (ExceptionGroup("x", [OSError(), SettingsError("x")]), 78),
        (BaseExceptionGroup("x", [KeyboardInterrupt(), OSError()]), 1),
    ],
)
def test_error_has_its_code(error, code):
    assert exit_code_of(error) == code
