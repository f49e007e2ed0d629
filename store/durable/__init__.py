"""Tools that make work survive a crash. They see opaque JSON, never a job or a chat."""
