"""Durable runs: named steps over services."""
