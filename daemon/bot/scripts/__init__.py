"""What the dialogs say and ask."""
