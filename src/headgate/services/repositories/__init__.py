"""Products and repositories: what they mirror, how it arrives, what is missing of it."""
