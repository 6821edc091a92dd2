"""The data plane: published paths to bytes, ahead of any framework."""
