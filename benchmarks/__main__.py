"""`make bench`: the numbers that are promised, each beside a raw limit or peer of the same run.

Run with benchmarks and tests on the module path, as the Makefile does:

python -m benchmarks [--packages 60000] [--large 200000] [--versions 1000] [--minutes 60]
    [--only main,mirror,idle,serving,registry,containers,versions,filters,dependencies,lists]
"""

import argparse
import tempfile
from pathlib import Path

import container_collection
import container_memory
import containers
import dependencies
import filtering
import idle
import lists
import main_job
import mirror
import registry
import serving
import versions
from table import Table


def main() -> None:  # noqa: C901 - one branch for each benchmark
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--packages", type=int, default=60_000)
    parser.add_argument("--large", type=int, default=200_000, help="0: leave it out")
    parser.add_argument(
        "--only", default="idle,mirror,serving,registry,containers,main,filters,dependencies,lists"
    )
    parser.add_argument(
        "--layer",
        type=int,
        default=1_000,
        help="MB of the layer whose memory is measured; the promise: 5,000",
    )
    parser.add_argument("--versions", type=int, default=100, help="of one view; the promise: 1,000")
    parser.add_argument("--minutes", type=float, help="after which no more versions are made")
    options = parser.parse_args()
    cache = Path(__file__).parents[1] / "build" / "bench"
    cache.mkdir(parents=True, exist_ok=True)
    table = Table()
    wanted = options.only.split(",")
    with tempfile.TemporaryDirectory(prefix="headgate-bench-", dir=cache) as name:
        work = Path(name)
        if "idle" in wanted:
            idle.run(table, work)
        if "mirror" in wanted:
            mirror.run(table, work, cache)
        if "lists" in wanted:
            lists.run(table, work, cache)
        if "serving" in wanted:
            serving.run(table, work, cache, packages=options.packages)
        if "registry" in wanted:
            registry.run(table, work)
        if "containers" in wanted:
            containers.run(table, work)
            container_collection.run(table, work)
            container_memory.run(table, work, megabytes=options.layer)
        if "main" in wanted:
            main_job.run(table, work, cache, packages=options.packages, large=options.large or None)
        if "versions" in wanted:
            versions.run(
                table,
                work,
                cache,
                packages=options.packages,
                versions=options.versions,
                minutes=options.minutes,
            )
        if "filters" in wanted:
            filtering.run(table, work, cache, packages=options.packages)
        if "dependencies" in wanted:
            dependencies.run(table, work, cache)
    print("\n" + table.render())


if __name__ == "__main__":
    main()
