"""A worker process: runs tasks."""

import signal
import threading
from collections.abc import Callable

from headgate.engine import Wakeup
from headgate.server.home import Home, Keys
from headgate.server.settings import Settings
from headgate.stores.db import Database


def run_worker(
    settings: Settings, *, home: Home, keys: Keys, bell: Wakeup, ready: Callable[[], None]
) -> int:
    """Run tasks until SIGTERM."""
    del home, keys, bell
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    database = Database(settings.database_url, pool_size=settings.storage.pool)
    ready()
    stop.wait()
    database.close()
    return 0
