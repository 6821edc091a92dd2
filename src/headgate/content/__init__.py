"""Content types: each folder is one."""
