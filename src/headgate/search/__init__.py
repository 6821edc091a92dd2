"""Scoped search: the query language and its translation to bound SQL."""
