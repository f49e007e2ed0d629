"""Tests mirror the source; this file makes `tests.fakes` win over any stray package of that name."""
