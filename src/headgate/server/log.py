"""Logging: one event, one line on standard error, as JSON or for people; request ids.

Modules log through `logging.getLogger(__name__)` or structlog alike; both end here, so events of
libraries look like ours.
"""

import logging
import re
import secrets
import sys
from types import ModuleType
from typing import cast

from headgate.server.settings import Logging

# structlog imports rich for its tracebacks wherever it finds it; without it every process is
# spared 0.1 s and 5 MB. What has been imported already stays as it is.
sys.modules.setdefault("rich", cast("ModuleType", None))
import structlog  # noqa: E402
from structlog.typing import Processor  # noqa: E402

if cast("ModuleType | None", sys.modules["rich"]) is None:
    del sys.modules["rich"]

_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

# Libraries that tell of every step on "info".
_QUIETER = ("alembic", "uvicorn", "dbos", "asyncio")


def new_request_id(offered: str | None = None) -> str:
    """Return the id that the client or the proxy offers if it is harmless, else a new one."""
    if offered is not None and _ACCEPTABLE.fullmatch(offered):
        return offered
    return secrets.token_hex(8)


def bind_request_id(current: str) -> None:
    """Let every event that is logged from here on, in this context, name the request."""
    structlog.contextvars.bind_contextvars(request_id=current)


def configure(settings: Logging) -> None:
    """Send every log event of this process to standard error in the wanted form."""
    console = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: list[Processor] = (
        [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    for name in _QUIETER:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
