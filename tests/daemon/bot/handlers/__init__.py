"""Tests of daemon/bot/handlers."""
