"""Twins of daemon/boards."""
