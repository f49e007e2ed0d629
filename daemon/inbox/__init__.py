"""From getUpdates to the right handler, in order per chat. No handler lives here."""
