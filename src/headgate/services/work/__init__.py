"""Tasks, plans that start them, and their health."""
