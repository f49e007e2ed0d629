"""Durable linear dialogs: the engine. Scripts live in bot/scripts."""
