"""Several mirrors of one repository, and the lists by which clients find them."""

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from support.faulty_upstream import FaultyUpstream

REPOMD = "repodata/repomd.xml"


def offer(upstream: FaultyUpstream, folder: Path) -> None:
    """Let an upstream serve the files of a folder and nothing else."""
    upstream.files.clear()
    for path in folder.rglob("*"):
        if path.is_file():
            etag = f'"{path.stat().st_mtime_ns}"'
            upstream.serve(f"/{path.relative_to(folder)}", path.read_bytes(), etag=etag)


def metalink(urls: Sequence[str], newest: bytes, *older: bytes) -> bytes:
    """Return a metalink as Fedora's MirrorManager writes it, the first URL preferred."""
    alternates = "".join(
        f"<mm0:alternate><mm0:timestamp>{100 - number}</mm0:timestamp>{_verification(each)}"
        "</mm0:alternate>"
        for number, each in enumerate(older)
    )
    resources = "".join(
        f'<url protocol="http" type="http" preference="{100 - number}">{url}{REPOMD}</url>'
        for number, url in enumerate(urls)
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/" type="dynamic"
 xmlns:mm0="http://fedorahosted.org/mirrormanager"><files><file name="repomd.xml">
<mm0:timestamp>200</mm0:timestamp>{_verification(newest)}
<mm0:alternates>{alternates}</mm0:alternates>
<resources maxconnections="1">{resources}</resources></file></files></metalink>""".encode()


def _verification(repomd: bytes) -> str:
    digits = sha256(repomd).hexdigest()
    return (
        f"<size>{len(repomd)}</size><verification>"
        f'<hash type="md5">0</hash><hash type="sha256">{digits}</hash></verification>'
    )


@dataclass(slots=True)
class Ring:
    """A host of lists and the mirrors that they name."""

    lists: FaultyUpstream
    mirrors: list[FaultyUpstream]
    closed: list[FaultyUpstream] = field(default_factory=list[FaultyUpstream])

    @property
    def urls(self) -> list[str]:
        """The mirrors' addresses in order."""
        return [mirror.url for mirror in self.mirrors]

    def offer(self, *folders: Path) -> None:
        """Give each mirror its folder; the last one's is for all further mirrors, too."""
        for number, mirror in enumerate(self.mirrors):
            offer(mirror, folders[min(number, len(folders) - 1)])

    def list_them(self, *more: str) -> str:
        """Serve a mirrorlist; return its URL."""
        lines = ["# a comment", *more, *self.urls]
        self.lists.serve("/mirrorlist", "\n".join(lines).encode(), etag=None)
        return f"{self.lists.url}mirrorlist?repo=birds&arch=x86_64"

    def link_them(self, newest: bytes, *older: bytes) -> str:
        """Serve a metalink; return its URL."""
        self.lists.serve("/metalink", metalink(self.urls, newest, *older), etag=None)
        return f"{self.lists.url}metalink?repo=birds&arch=x86_64"

    def stop(self, mirror: FaultyUpstream) -> None:
        """Let a mirror die: connections break, and nobody listens any more."""
        mirror.__exit__(None, None, None)
        self.closed.append(mirror)


@contextmanager
def ring(count: int) -> Generator[Ring]:
    """Run that many mirrors until the block ends."""
    with ExitStack() as stack:
        made = Ring(stack.enter_context(FaultyUpstream()), [])

        def close(mirror: FaultyUpstream) -> None:
            if mirror not in made.closed:
                mirror.__exit__(None, None, None)

        for _ in range(count):
            mirror = FaultyUpstream().__enter__()
            stack.callback(close, mirror)
            made.mirrors.append(mirror)
        yield made
