"""Blob stores: bytes named by their digest."""
