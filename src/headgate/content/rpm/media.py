"""The media types by which the files of a yum repository are served."""

_BY_SUFFIX = {
    ".rpm": "application/x-rpm",
    ".xml": "text/xml",
    ".yaml": "application/yaml",
    ".gz": "application/gzip",
    ".zst": "application/zstd",
    ".xz": "application/x-xz",
    ".bz2": "application/x-bzip2",
    ".asc": "application/pgp-signature",
    ".key": "application/pgp-keys",
}


def media_type(path: str) -> str:
    """Return the type of a file by the end of its name."""
    _, dot, suffix = path.rpartition(".")
    return _BY_SUFFIX.get(dot + suffix, "application/octet-stream")
