"""Mirroring images from a registry."""
