"""Counts what is in a text."""
