"""When, never what."""
