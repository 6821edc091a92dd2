"""Downloads from upstream: the one guarded way out."""
