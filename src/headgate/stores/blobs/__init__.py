"""Blob stores: bytes named by their digest."""

from headgate.stores.blobs.folder import FolderBlobStore
from headgate.stores.blobs.memory import MemoryBlobStore
from headgate.stores.blobs.port import BlobStore, Digest, Spool, UploadSpool
from headgate.stores.blobs.reader import BlobFile, open_blob

__all__ = [
    "BlobFile",
    "BlobStore",
    "Digest",
    "FolderBlobStore",
    "MemoryBlobStore",
    "Spool",
    "UploadSpool",
    "open_blob",
]
