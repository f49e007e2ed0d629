"""Twins of daemon/llm."""
