"""Tests of daemon/bot."""
