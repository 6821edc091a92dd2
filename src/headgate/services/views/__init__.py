"""Content views, their filters, kinds and versions."""
