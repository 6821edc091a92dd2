"""Content as sets of units, and their publications."""
