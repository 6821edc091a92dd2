"""The collector: soon after something let go of content, its rows and bytes are given back."""

from headgate.services import blob_collection
from headgate.services.collection import collect_content, fulfil, requested
from headgate.workflows.workshop import Workshop


def collect(workshop: Workshop) -> int:
    """Give back what nothing refers to; return the bytes freed. Costs nothing when idle.

    Safe at any time and on several workers: rows go in one transaction, blobs under the locks of
    `services/blob_collection.py`.
    """
    ports = workshop.ports
    with ports.database.read() as tx:
        request = requested(tx)
    if request is None:
        return 0
    with ports.database.begin() as tx:
        collect_content(tx, list(workshop.content_types.values()))
    freed = blob_collection.collect(ports.database, ports.store, clock=ports.clock)
    with ports.database.begin() as tx:
        fulfil(tx, request)
    return freed.bytes
