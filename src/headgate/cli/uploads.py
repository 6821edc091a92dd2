"""Sending files: in chunks through a content upload, or inside a form."""

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from headgate.cli.client import Api
from headgate.cli.errors import NO_INPUT, OK, CliError, UsageError
from headgate.cli.options import require
from headgate.cli.progress import ProgressLine, line_of, size
from headgate.cli.run import Job, apply_defaults
from headgate.cli.tasks import follow

_CHUNK: Final = 4 * 2**20
_AT_ONCE: Final = 1000  # files that one task takes in
_TAG: Final = "docker_tag"
_UPLOADS: Final = "/katello/api/repositories/{}/content_uploads"
_IMPORT: Final = "/katello/api/repositories/{}/import_uploads"


class Source(NamedTuple):
    """A file to be sent."""

    path: Path
    name: str  # below the folder that was named, so that trees of files keep their paths
    size: int


def upload_content(job: Job) -> int:
    """`repository upload-content`: send every file, then let the server take them in together."""
    apply_defaults(job.command.options, job.given)
    require(job.command.options, job.given)
    tag, digest = (job.given.values.get(name) for name in ("docker_tag", "docker_digest"))
    if (tag is None) is not (digest is None):
        raise UsageError("--docker-tag and --docker-digest go together")
    paths = job.given.values.get("path")
    if (tag is None) is (paths is None):
        raise UsageError("give --path, or --docker-tag and --docker-digest")
    api = job.api()
    if tag is not None:
        return _set_tag(job, api, tag, str(digest))
    sources = list(_sources(paths or ()))
    repository = job.resolver(api).value("id")
    kind = job.given.values.get("content_type")
    code = OK
    for chosen, group in _by_type(sources, kind).items():
        for start in range(0, len(group), _AT_ONCE):
            files = group[start : start + _AT_ONCE]
            task = _import(api, repository, chosen, _sent(job, api, repository, chosen, files))
            code = follow(job, api, task) or code
    return code


def _set_tag(job: Job, api: Api, tag: str, digest: str) -> int:
    """Let a tag point to a manifest that the repository holds."""
    repository = job.resolver(api).value("id")
    wanted = {"size": 0, "content_type": _TAG}
    made = api.post(_UPLOADS.format(repository), wanted)
    about = {"id": made["upload_id"], "name": tag, "digest": digest}
    return follow(job, api, _import(api, repository, _TAG, [about]))


def _by_type(sources: Sequence[Source], kind: str | None) -> dict[str | None, list[Source]]:
    """Source packages are told apart by their names unless the type is given."""
    groups: dict[str | None, list[Source]] = {}
    for source in sources:
        own = "srpm" if source.name.endswith(".src.rpm") else None
        groups.setdefault(kind or own, []).append(source)
    return groups


def _sources(paths: Sequence[str]) -> Iterator[Source]:
    found = False
    for named in paths:
        path = Path(named)
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if path.is_dir() and not file.is_file():
                continue
            found = True
            yield _source(file, path if path.is_dir() else file.parent)
    if not found:
        raise UsageError("--path names no files")


def _source(file: Path, folder: Path) -> Source:
    if not file.is_file() or not os.access(file, os.R_OK):
        raise CliError(f"{file} is not a file that can be read", NO_INPUT)
    return Source(file, str(file.relative_to(folder)), file.stat().st_size)


def _sent(
    job: Job, api: Api, repository: int, kind: str | None, sources: Sequence[Source]
) -> list[dict[str, Any]]:
    """Send the files; return what the import is to be told of each."""
    total = sum(source.size for source in sources)
    done = 0
    uploads: list[dict[str, Any]] = []
    with ProgressLine(sys.stderr, quiet=job.output.quiet) as line:
        for source in sources:
            checksum = _checksum(source.path)
            wanted = {"size": source.size, "checksum": checksum, "content_type": kind}
            made = api.post(_UPLOADS.format(repository), wanted)
            about: dict[str, Any] = {
                "name": source.name,
                "size": source.size,
                "checksum": checksum,
            }
            if made.get("upload_id") is None:  # the server has these bytes already
                uploads.append(about | {"content_unit_id": made["content_unit_href"]})
                done += source.size
                continue
            for offset, chunk in _chunks(source.path):
                _put(api, repository, made["upload_id"], offset, chunk)
                done += len(chunk)
                words = f"{source.name}  {size(done)} of {size(total)}"
                line.draw(line_of(done / max(total, 1), words))
            uploads.append(about | {"id": made["upload_id"]})
    return uploads


def _put(api: Api, repository: int, upload: str, offset: int, chunk: bytes) -> None:
    """Send a chunk; in a multipart form, where bytes go as they are."""
    content, media_type = _form({"offset": str(offset).encode(), "content": chunk})
    path = f"{_UPLOADS.format(repository)}/{upload}"
    api.request("PUT", path, content=content, media_type=media_type)


def _import(
    api: Api, repository: int, kind: str | None, uploads: Sequence[Mapping[str, Any]]
) -> Any:
    body: dict[str, Any] = {"uploads": list(uploads), "async": True}
    if kind is not None:
        body["content_type"] = kind
    return api.put(_IMPORT.format(repository), body)


def _chunks(path: Path) -> Iterator[tuple[int, bytes]]:
    offset = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield offset, chunk
            offset += len(chunk)


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def multipart(fields: Mapping[str, Any], kinds: Mapping[str, str]) -> tuple[bytes, str]:
    """Return a form of these fields, files among them, and its media type."""
    contents: dict[str, bytes] = {}
    filenames: dict[str, str] = {}
    for name, value in fields.items():
        if kinds.get(name) != "file":
            contents[name] = str(value).encode()
            continue
        path = Path(value)
        try:
            contents[name] = path.read_bytes()
        except OSError as error:
            raise CliError(f"{path} cannot be read: {error.strerror}", NO_INPUT) from error
        filenames[name] = path.name.replace('"', "%22")
    return _form(contents, filenames)


def _form(
    fields: Mapping[str, bytes], filenames: Mapping[str, str] | None = None
) -> tuple[bytes, str]:
    boundary = f"headgate-{os.urandom(16).hex()}"
    parts: list[bytes] = []
    for name, content in fields.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'
        if filenames and name in filenames:
            head += f'; filename="{filenames[name]}"\r\nContent-Type: application/octet-stream'
        parts += [head.encode(), b"\r\n\r\n", content, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"
