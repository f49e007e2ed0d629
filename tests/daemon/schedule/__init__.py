"""Tests of daemon/schedule."""
