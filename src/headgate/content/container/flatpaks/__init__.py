"""Flatpaks: applications and runtimes that travel as OCI images, found by an index of labels."""
