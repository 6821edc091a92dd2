"""Who asks: users, their passwords, sessions and tokens."""
