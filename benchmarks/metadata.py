"""Reading, keeping and writing yum metadata, beside createrepo_c reading the same files.

    python benchmarks/metadata.py DIR [--rounds 3]

DIR is a repository as `benchmarks/repodata.py` makes it. Each phase runs in a process of its own,
in turn with createrepo_c; the table shows the best wall time, its CPU time and peak memory, and
the ratio to createrepo_c's best. No database and no network: a sync costs more than this.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

from headgate.content.rpm.metadata.cuts import Cut
from headgate.content.rpm.metadata.segments import (
    CODECS,
    KINDS,
    Codec,
    Kind,
    Layout,
    PackWriter,
    Place,
)
from headgate.content.rpm.metadata.stream import Package, Source, read_packages
from headgate.content.rpm.metadata.writer import write_metadata

PARSE = "createrepo_c parses"


def parse(repository: Path, _pack: Path) -> None:
    createrepo_c: Any = import_module("createrepo_c")  # it has no types
    paths = {f"{kind}_path": str(find(repository, kind)) for kind in KINDS}
    for _ in createrepo_c.PackageIterator(**paths):
        pass


def read_known(repository: Path, _pack: Path) -> None:
    """What a sync of known packages needs: fragments and digests."""
    for _ in packages(repository):
        pass


def read_new(repository: Path, pack: Path) -> None:
    """What a first sync needs: headers, and everything packed."""
    with ExitStack() as stack:
        sinks: dict[tuple[Kind, Codec], Any] = {
            (kind, codec): stack.enter_context((pack / f"{kind}.{codec}").open("wb"))
            for kind in KINDS
            for codec in CODECS
        }
        writer = stack.enter_context(PackWriter(sinks))
        for package in packages(repository):
            if package.header.name:
                writer.add(package.fragments)
        writer.close()
        layouts = [data.hex() for data in writer.take_layouts()]
    (pack / "layouts.json").write_text(json.dumps(layouts))


def writing(codec: Codec, *, kept: float) -> Callable[[Path, Path], None]:
    def write(_repository: Path, pack: Path) -> None:
        rng = random.Random(1)  # noqa: S311  # a choice, no secret
        layouts = [Layout.decode(bytes.fromhex(data)) for data in read_layouts(pack)]
        cuts = [
            Cut(0, layout, [n for n in range(layout.count) if rng.random() < kept])
            for layout in layouts
        ]
        with ExitStack() as stack:
            files = {
                kind: stack.enter_context((pack / f"{kind}.{codec}").open("rb")).fileno()
                for kind in KINDS
            }

            def read(_pack: int, kind: Kind, _codec: Codec, place: Place) -> bytes:
                return os.pread(files[kind], place.length, place.offset)

            for kind in KINDS:
                with (pack / f"out.{kind}.{codec}").open("wb") as sink:
                    write_metadata(kind, codec, cuts, read=read, sink=sink)

    return write


PHASES: dict[str, Callable[[Path, Path], None]] = {
    PARSE: parse,
    "read, all packages known": read_known,
    "read, all new: headers, both codecs": read_new,
    "write gz, all": writing("gz", kept=1.1),
    "write zstd, all": writing("zst", kept=1.1),
    "write gz, 10 % dropped": writing("gz", kept=0.9),
    "write zstd, 10 % dropped": writing("zst", kept=0.9),
    "write gz, 1 % kept": writing("gz", kept=0.01),
}


def packages(repository: Path) -> Iterator[Package]:
    with ExitStack() as stack:
        paths = [find(repository, kind) for kind in KINDS]
        primary, filelists, other = (
            Source(stack.enter_context(path.open("rb")), path.name) for path in paths
        )
        yield from read_packages(primary, filelists, other)


def find(repository: Path, kind: Kind) -> Path:
    return next((repository / "repodata").glob(f"*{kind}.xml*"))


def read_layouts(pack: Path) -> list[str]:
    return json.loads((pack / "layouts.json").read_text())


def run_alone(phase: str, repository: Path, pack: Path) -> dict[str, float]:
    command = [sys.executable, __file__, str(repository), "--phase", phase, "--pack", str(pack)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def run_here(phase: str, repository: Path, pack: Path) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    PHASES[phase](repository, pack)
    used = {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(used))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("repository", type=Path, metavar="DIR")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--phase", choices=PHASES, help=argparse.SUPPRESS)
    parser.add_argument("--pack", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.phase:
        run_here(options.phase, options.repository, options.pack)
        return
    best: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as pack:
        for _ in range(options.rounds):
            for phase in PHASES:
                used = run_alone(phase, options.repository, Path(pack))
                best[phase] = min(used, best.get(phase, used), key=lambda each: each["wall"])
    print(f"{'':38}{'wall s':>8}{'cpu s':>8}{'MB':>6}{'x parse':>9}")
    for phase, used in best.items():
        ratio = used["wall"] / best[PARSE]["wall"]
        print(f"{phase:38}{used['wall']:8.2f}{used['cpu']:8.2f}{used['memory']:6.0f}{ratio:9.2f}")


if __name__ == "__main__":
    main()
