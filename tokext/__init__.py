"""Extend a tokenizer for a language that its model spells badly, and measure what it brings."""
