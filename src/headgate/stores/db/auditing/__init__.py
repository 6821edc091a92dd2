"""Noting in the audit log, within each transaction, what it changed."""
