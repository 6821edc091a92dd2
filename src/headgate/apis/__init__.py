"""What clients speak: each package is one protocol."""
