"""Values and rules; the standard library and pyroaring only."""
