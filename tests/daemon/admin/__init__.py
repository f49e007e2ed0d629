"""Tests of daemon/admin."""
