"""`headgate serve`: makes the home ready and hands it to the family of processes."""

import gc
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module

from headgate.domain.clock import utc_now
from headgate.domain.errors import HeadgateError
from headgate.engine import Wakeup
from headgate.pki.authority import server_certificate
from headgate.server import log, metrics
from headgate.server.child import EXIT_CONFIGURATION, Child
from headgate.server.home import Home, Keys, host_names, open_home, open_keys
from headgate.server.listeners import Kind, Listener, open_listeners
from headgate.server.roll import Roll
from headgate.server.settings import Settings
from headgate.server.supervisor import Supervisor

# What every process uses: imported once, before any of them is forked.
_SHARED = ("headgate.server.prepare", "headgate.server.parts")
# What only web processes use. A single one imports it by itself: 10 MB less for all the others.
_WEB = ("headgate.server.app", "headgate.server.web", "headgate.server.tls")


def serve(settings: Settings) -> int:
    """Serve until told to end; return the exit code.

    ConfigurationError when the server cannot start as it is set up.
    """
    os.umask(0o077)
    log.configure(settings.logging)
    home = open_home(settings)
    home.lock()
    keys = open_keys(home, settings)
    metrics.use_folder(home.metrics)
    listeners = open_listeners(settings.listen) if settings.processes.web else []
    _import(_SHARED)
    preparation = Child("preparation", lambda _ready: _prepare(settings, home))
    preparation.start(0.0)
    if settings.processes.web > 1:
        _import(_WEB)
    family = _Family(settings, home, keys, listeners)
    if _ended(preparation):
        return 1
    return family.supervisor().run()


class _Family:
    """The processes and what they share."""

    def __init__(
        self, settings: Settings, home: Home, keys: Keys, listeners: Sequence[Listener]
    ) -> None:
        self._settings = settings
        self._home = home
        self._keys = keys
        self._listeners = listeners
        self._roll = Roll(home.workers)
        self._bells = [Wakeup() for _ in range(settings.processes.worker)]

    def supervisor(self) -> Supervisor:
        """Return the supervisor of all processes, none of them started."""
        processes = self._settings.processes
        web = [Child(f"web {number}", self._web) for number in range(1, processes.web + 1)]
        workers = [
            Child(
                f"worker {place + 1}", self._worker(place), before=partial(self._roll.enter, place)
            )
            for place in range(processes.worker)
        ]
        return Supervisor(
            [*web, *workers],
            awaited=web or workers,
            grace=processes.grace,
            announce=self._announce,
            renewed=self._renewed,
        )

    def _web(self, ready: Callable[[], None]) -> int:
        _import(_WEB)
        from headgate.server.app import Application  # noqa: PLC0415
        from headgate.server.parts import open_parts  # noqa: PLC0415
        from headgate.server.tls import server_context  # noqa: PLC0415
        from headgate.server.web import run_web  # noqa: PLC0415

        keys = self._keys
        parts = open_parts(self._settings, home=self._home, keys=keys)
        return run_web(
            Application(parts, workers=self._bells),
            listeners=self._listeners,
            context=server_context(keys.server_certificate, keys.server_key, keys.authority_file),
            grace=self._settings.processes.grace,
            ready=ready,
        )

    def _worker(self, place: int) -> Callable[[Callable[[], None]], int]:
        def run(ready: Callable[[], None]) -> int:
            for listener in self._listeners:
                listener.socket.close()
            # What only workers use, they import themselves.
            from headgate.server.parts import open_parts  # noqa: PLC0415
            from headgate.server.worker import run_worker  # noqa: PLC0415

            return run_worker(
                open_parts(self._settings, home=self._home, keys=self._keys),
                name=self._roll.name(place),
                dead=self._roll.dead,
                bell=self._bells[place],
                ready=ready,
            )

        return run

    def _announce(self) -> None:
        self._note_url()
        addresses = ", ".join(self._addresses()) or "no requests (workers only)"
        sys.stdout.write(f"Headgate serves {addresses} from {self._home.folder}\n")
        sys.stdout.flush()

    def _note_url(self) -> None:
        """Leave our own address in the home, for the command line on this machine."""
        ports = [each.port for each in self._listeners if each.kind is Kind.TLS]
        if ports:
            self._home.url.write_text(f"https://localhost:{ports[0]}\n")

    def _addresses(self) -> list[str]:
        host = host_names(self._settings.listen.hosts)[0]
        return [
            f"unix:{listener.socket.getsockname()}"
            if listener.kind is Kind.PROXY
            else f"{listener.kind.value}://{host}:{listener.port}"
            for listener in self._listeners
        ]

    def _renewed(self) -> bool:
        before = self._keys.server_certificate.stat().st_mtime_ns
        server_certificate(
            self._keys.authority,
            self._home.authority,
            host_names(self._settings.listen.hosts),
            clock=utc_now,
        )
        return self._keys.server_certificate.stat().st_mtime_ns != before


def _prepare(settings: Settings, home: Home) -> int:
    """Bring the database up; in a process of its own, so that the supervisor never opens it."""
    from headgate.server.prepare import prepare  # noqa: PLC0415

    try:
        prepare(settings, home=home)
    except HeadgateError as error:
        sys.stderr.write(f"headgate: {error.message}\n")
        return EXIT_CONFIGURATION
    return 0


def _import(modules: Sequence[str]) -> None:
    """Import what stays; the garbage collector need not look for any garbage in it."""
    collects = gc.isenabled()
    gc.disable()
    for module in modules:
        import_module(module)
    gc.freeze()
    if collects:
        gc.enable()


def _ended(child: Child) -> int:
    _pid, status = os.waitpid(child.pid or 0, 0)
    if child.ready_fd is not None:
        os.close(child.ready_fd)
    return os.waitstatus_to_exitcode(status)
