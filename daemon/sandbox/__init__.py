"""The simulated world for the demo, the sandbox command and the tests. Nothing else imports it."""
