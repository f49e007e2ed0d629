"""Twins of daemon/accounts."""
