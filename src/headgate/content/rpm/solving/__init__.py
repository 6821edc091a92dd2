"""What packages require: answered by libsolv, in a process of its own with limits."""
