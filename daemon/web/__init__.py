"""The HTTP door for browsers and probes; never on the hot path."""
