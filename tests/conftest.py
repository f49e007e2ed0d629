"""Fixtures of all tests: a store, a clock, and the rule that an unexpected error log fails its test."""
