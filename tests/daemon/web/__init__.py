"""Tests of daemon/web."""
