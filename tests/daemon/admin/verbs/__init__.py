"""Tests of daemon/admin/verbs."""
