"""Certificates: the authority, what it issues, and what a client certificate opens."""
