"""Tests of daemon/supervisor."""
