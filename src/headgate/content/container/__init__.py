"""Container content: manifests, lists of manifests, tags, and the blobs that they name."""
