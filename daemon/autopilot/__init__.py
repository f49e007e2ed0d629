"""One person, one hunt: search, screen, letter, apply, account."""
