"""File content: any tree of files, listed by a PULP_MANIFEST."""
