"""Tests of daemon/bot/scripts."""
