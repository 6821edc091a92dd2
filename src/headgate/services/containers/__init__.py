"""The registry's use cases that need no knowledge of manifests: names, callers, uploads."""
