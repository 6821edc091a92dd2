"""Blob stores: bytes named by their digest."""

from headgate.stores.blobs.folder import FolderBlobStore
from headgate.stores.blobs.memory import MemoryBlobStore
from headgate.stores.blobs.port import BlobStore, Digest, Spool

__all__ = ["BlobStore", "Digest", "FolderBlobStore", "MemoryBlobStore", "Spool"]
