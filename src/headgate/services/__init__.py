"""Use cases: one function each, on a transaction handed in; modules by subject."""
