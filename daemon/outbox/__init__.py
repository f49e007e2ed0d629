"""Every message to a person leaves here. What is said is decided elsewhere."""
