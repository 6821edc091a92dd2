"""The grid: every operation on every data set, in the order in which they build on each other."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from support.conformance import blobs, manifests, referrers, tags, uploads
from support.conformance.bench import Bench
from support.conformance.data_sets import DataSet, all_data_sets
from support.conformance.refusals import BAD_DIGESTS, BAD_REQUESTS, prepared
from support.conformance.registry import Registry

DATA_SETS = {data.name: data for data in all_data_sets()}
REFUSALS = {"bad digests": BAD_DIGESTS, "bad requests": BAD_REQUESTS}
NAMES = [*DATA_SETS, *REFUSALS]

# Makes a place for a cell of a name, in which its failure is noted.
Cell = Callable[[str], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One column of the grid; `applies` says to which data sets."""

    name: str
    run: Callable[[Bench], None]
    applies: Callable[[DataSet], bool] = lambda _: True


def _has_blobs(data: DataSet) -> bool:
    return bool(data.blobs)


def _has_subjects(data: DataSet) -> bool:
    return bool(data.subjects)


def _has_sha256(data: DataSet) -> bool:
    return any(manifest.algorithm == "sha256" for manifest in data.manifests)


OPERATIONS = (
    Operation("ping", blobs.ping),
    Operation("blob push, one request", uploads.push_at_once, _has_blobs),
    Operation("blob push, post and put", uploads.push_in_two, _has_blobs),
    Operation("blob push, chunks", uploads.push_in_chunks, _has_blobs),
    Operation("blob push, stream", uploads.push_as_stream, _has_blobs),
    Operation("blob push, announced", uploads.push_as_announced, _has_blobs),
    Operation("blob push, chunk out of order", uploads.send_out_of_order, _has_blobs),
    Operation("blob push, status", uploads.ask_for_status, _has_blobs),
    Operation("blob push, cancel", uploads.cancel, _has_blobs),
    Operation("blob mount", uploads.mount, _has_blobs),
    Operation("blob mount, from anywhere", uploads.mount_from_anywhere, _has_blobs),
    Operation("blob head", blobs.head, _has_blobs),
    Operation("blob get", blobs.get, _has_blobs),
    Operation("blob get, first bytes", blobs.get_first, _has_blobs),
    Operation("blob get, bytes within", blobs.get_middle, _has_blobs),
    Operation("blob get, last bytes", blobs.get_suffix, _has_blobs),
    Operation("blob get, bytes to the end", blobs.get_open, _has_blobs),
    Operation("blob get, bytes beyond", blobs.get_beyond, _has_blobs),
    Operation("manifest put, digest", manifests.put_by_digest),
    Operation("manifest put, tag", manifests.put_by_tag, _has_sha256),
    Operation("manifest put, tag parameters", manifests.put_with_tags),
    Operation("manifest put, subject", manifests.name_the_subject),
    Operation("manifest head, digest", manifests.head_by_digest),
    Operation("manifest head, tag", manifests.head_by_tag),
    Operation("manifest get, digest", manifests.get_by_digest),
    Operation("manifest get, tag", manifests.get_by_tag),
    Operation("manifest get, accept", manifests.accept),
    Operation("tag list", tags.list_all),
    Operation("tag list, pages", tags.list_in_pages),
    Operation("catalog", tags.find_in_catalog),
    Operation("referrers", referrers.list_all),
    Operation("referrers, of nobody", referrers.list_of_nobody),
    Operation("referrers, filter", referrers.list_of_type, _has_subjects),
    Operation("referrers, bad digest", referrers.refuse_bad_digest),
    Operation("tag delete", tags.delete),
    Operation("tag delete, for all", tags.deleted_for_all),
    Operation("manifest delete", manifests.delete),
    Operation("manifest delete, for all", manifests.deleted_for_all),
    Operation("referrers, of the deleted", referrers.deleted_for_all, _has_subjects),
    Operation("blob delete", blobs.delete, _has_blobs),
    Operation("blob delete, for all", blobs.deleted_for_all, _has_blobs),
)


def judge(registry: Registry, name: str, cell: Cell) -> None:
    """Try every operation that applies to the data set of a name."""
    for column, attempt in _attempts(registry, name):
        with cell(f"{name}: {column}"):
            attempt()


def _attempts(registry: Registry, name: str) -> Iterator[tuple[str, Callable[[], None]]]:
    if name in REFUSALS:
        repository = prepared(registry)
        for column, refusal in REFUSALS[name].items():
            yield column, lambda refusal=refusal: refusal(repository)
        return
    bench = Bench(registry, DATA_SETS[name])
    for operation in OPERATIONS:
        if operation.applies(bench.data):
            yield operation.name, lambda run=operation.run: run(bench)
