"""Keeps tasks running: restart, back-off, quarantine, stop. Nothing here knows jobs or Telegram."""
