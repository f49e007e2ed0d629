"""Tests of daemon/dialogs."""
