"""Prompts times settings, answered by a model, written so that a kill loses nothing."""
