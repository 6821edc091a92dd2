"""Headgate decides what software flows from upstream to every machine an organization runs."""
