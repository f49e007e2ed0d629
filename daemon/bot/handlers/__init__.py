"""One file per section of the menu."""
