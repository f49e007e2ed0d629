"""Texts in Russian and English. No decision which text to say."""
