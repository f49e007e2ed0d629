"""Twins of daemon/boards/hh."""
