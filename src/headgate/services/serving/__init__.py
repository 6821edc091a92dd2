"""Which path serves what, now and on a day."""
