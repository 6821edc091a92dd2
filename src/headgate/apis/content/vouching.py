"""Whether a file may be served from a repository that asks for signatures."""

import logging
from collections.abc import Mapping

from sqlalchemy import bindparam, select

from headgate.plugin import ContentType, Ports
from headgate.services.organizations.trust import rules_of
from headgate.services.serving.paths import ServedFile, ServedRepository
from headgate.stores.db.tables import repositories

_REPOSITORY = select(repositories).where(repositories.c.id == bindparam("repository_id"))

_log = logging.getLogger(__name__)


class Vouching:
    """Asks content types whether files are signed as their repository's policy wants.

    Bytes are shared between repositories, policies are not: what another repository brought, or
    somebody uploaded, is looked at here before the first byte leaves. What was found good is
    remembered in the database.
    """

    def __init__(self, ports: Ports, content_types: Mapping[str, ContentType]) -> None:
        self._ports = ports
        self._content_types = content_types

    def refusal(
        self,
        served: ServedRepository,
        file: ServedFile,
        *,
        arrived: bool = False,
        content: bytes | None = None,
    ) -> str | None:
        """Return why the file is not served; None if it is.

        With the policy warn only what has `arrived` just now is looked at, and the log tells of
        it. `content` are its bytes where they are not in the store yet.
        """
        data = file.digest if content is None else content
        enforced = served.signature_policy == "enforce"
        asked = enforced or (arrived and served.signature_policy == "warn")
        if not asked or file.located is None or data is None:
            return None
        with self._ports.database.read() as tx:
            row = tx.execute(_REPOSITORY, {"repository_id": served.repository_id}).one_or_none()
            if row is None:
                return None
            rules = rules_of(tx, row, self._ports.unseal)
        content_type = self._content_types[served.content_type]
        reason = content_type.distrust(self._ports, rules, file.located, data)
        if reason is None:
            return None
        _log.warning("%s: %s", served.base, reason)
        return reason if enforced else None
