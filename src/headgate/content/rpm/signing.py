"""Signing repomd.xml with the key of an organization: `repomd.xml.asc`, and `.key` beside it."""

from collections.abc import Mapping

from headgate.content.rpm.trust_metadata import SIGNATURE
from headgate.domain.errors import ConflictError
from headgate.plugin import Ports, PublishOptions
from headgate.services.organizations.signing_keys import key_for

KEY = "repodata/repomd.xml.key"


def signatures(ports: Ports, options: PublishOptions, repomd: bytes) -> Mapping[str, bytes]:
    """Return the files that sign this repomd.xml, by their paths; none if nobody asked for it.

    ConflictError when the key was rotated or deleted since the options were read.
    """
    if options.signing is None:
        return {}
    with ports.database.read() as tx:
        key = key_for(tx, options.signing, ports.unseal)
    if key is None:
        raise ConflictError(
            "The key that signs this repository was changed meanwhile; run the task again"
        )
    return {SIGNATURE: key.sign(repomd), KEY: key.public.encode()}
