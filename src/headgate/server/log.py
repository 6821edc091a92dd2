"""Logging: one event, one line on standard error, as JSON or for people; request ids.

Modules log through `logging.getLogger(__name__)` or structlog alike; both end here, so events of
libraries look like ours.
"""

import logging
import re
import secrets
import sys
from contextvars import ContextVar

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from headgate.server.settings import Logging

# The request (or task) that the running code works for; "" outside of one.
request_id: ContextVar[str] = ContextVar("request_id", default="")

_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

# Libraries that tell of every step on "info".
_QUIETER = ("alembic", "uvicorn", "dbos", "asyncio")


def new_request_id(offered: str | None = None) -> str:
    """Return the id that the client or the proxy offers if it is harmless, else a new one."""
    if offered is not None and _ACCEPTABLE.fullmatch(offered):
        return offered
    return secrets.token_hex(8)


def configure(settings: Logging) -> None:
    """Send every log event of this process to standard error in the wanted form."""
    console = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_request_id,
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


def _add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    current = request_id.get()
    if current:
        event["request_id"] = current
    return event
