"""The fault machines: each enumerates one way in which the world fails, and reports what came of it."""
