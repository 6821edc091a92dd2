"""A server in this process whose worker dies when a test says so, at moments that it chooses."""

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from headgate.domain.ids import TaskId
from headgate.engine import ledger
from headgate.engine.claims import Claim, claim
from headgate.engine.outcome import outcome_of
from headgate.engine.port import Workflow
from headgate.engine.run import TaskRun
from headgate.plugin import Ports
from headgate.server.content_types import content_types
from headgate.stores.blobs import FolderBlobStore
from headgate.stores.db import Database
from headgate.upstream import AddressRules, DownloadRules
from headgate.workflows.collect import collect, repair
from headgate.workflows.definitions import workflows
from headgate.workflows.workshop import Workshop
from support.control import Control, Watch, control
from support.crashes import CrashError, Fuse, FusedDatabase, FusedStore
from support.world import World


class Stage:
    """A control plane over a database, a folder of blobs, and a worker that runs in `World.done`.

    `crash_at` lets each task die once, at that moment of its first run; 0 lets it live.
    `moments` tells how many each task had, the last run counted.
    """

    def __init__(self, database: Database, root: Path) -> None:
        self.database = database
        self.root = root
        self.crash_at = 0
        self.moments: list[int] = []
        self.crashes: int = 0
        uploads = root / "uploads"
        scratch = root / "run" / "scratch"
        for folder in (uploads, scratch):
            folder.mkdir(parents=True)
        self.fuse = Fuse()
        self.fused = FusedDatabase(database.url.render_as_string(hide_password=False), self.fuse)
        self._control: Control = control(database, uploads=uploads)
        ports = Ports(
            database=self.fused,
            store=FusedStore(root, self.fuse),
            downloads=DownloadRules(addresses=AddressRules.allowing(["127.0.0.0/8"])),
            clock=self._control.clock,
            scratch=scratch,
            unseal=lambda sealed: sealed[::-1],
        )
        self.workshop = Workshop(ports, content_types(), lambda sealed: sealed[::-1], uploads)
        self._workflows: Mapping[str, Workflow] = {
            each.name: each for each in workflows(self.workshop)
        }
        self.world = World(self._control.client(), work=self.work)

    @property
    def store(self) -> FolderBlobStore:
        """The blobs, for a look that never crashes."""
        return FolderBlobStore(self.root)

    @property
    def clock(self) -> Watch:
        """The time that the whole server goes by."""
        return self._control.clock

    def work(self) -> None:
        """Run what waits, each task to its end, over its crash."""
        while (claimed := self._claimed()) is not None:
            if self._ran(claimed, self.crash_at):
                self.moments.append(self.fuse.passed)

    def abandon(self) -> None:
        """Take the next task and die in its midst; whoever works next takes it over."""
        claimed = self._claimed()
        if claimed is not None:
            self._ran(claimed, self.crash_at)

    def meanwhile(self, others: Callable[[], object]) -> None:
        """Let something happen before each transaction of the worker, as if by another process."""
        self.fuse.meanwhile = others

    def collect(self) -> int:
        """Collect, over a crash; return the bytes freed by the last try."""
        for crash_at in (self.crash_at, 0):
            self.fuse.set(crash_at)
            try:
                return collect(self.workshop)
            except CrashError:
                self.fuse.set(0)
        raise AssertionError("nothing crashes at 0")

    def repair(self) -> None:
        """Do what a starting worker does."""
        self.fuse.set(0)
        repair(self.workshop)

    def close(self) -> None:
        """Close the worker's connections."""
        self.fused.close()

    def _claimed(self) -> Claim | None:
        with self.database.begin() as tx:
            ledger.take_back(tx)  # no executor is registered, so this is all that was begun
            claims = claim(tx, self._workflows, executor="stage", now=self._control.clock(), most=1)
        return claims[0] if claims else None

    def _ran(self, claimed: Claim, crash_at: int) -> bool:
        """Run a task; False if it died. Only its first run dies."""
        self.fuse.set(crash_at if claimed.lease.attempt == 1 else 0)
        run = TaskRun(claimed, database=self.fused, workplace=Alone(), clock=self._control.clock)
        try:
            outcome = outcome_of(self._workflows[claimed.workflow], run, claimed)
            with self.fused.begin() as tx:
                ledger.end(tx, run.lease, outcome, self._control.clock())
        except CrashError:
            self.crashes += 1
            return False
        return True


class Alone:
    """Nobody else works here."""

    def lend_slot(self) -> AbstractContextManager[None]:
        return nullcontext()

    def await_end(self, seconds: float) -> None:
        raise AssertionError(f"nobody would end a sub-task within {seconds} s")


@contextmanager
def staged(database: Database, root: Path) -> Generator[Stage]:
    """Return a stage until the block ends."""
    stage = Stage(database, root)
    try:
        yield stage
    finally:
        stage.close()


def task_id_of(task: Mapping[str, object]) -> TaskId:
    """Return the id of a task as the API shows it."""
    return TaskId(str(task["id"]))
