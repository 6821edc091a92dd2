"""A repository with its upstream, its keys, and a host that asks for what it serves."""

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from headgate.content.rpm.metadata.repomd import parse_repomd
from headgate.pki.openpgp import read_signature
from headgate.pki.openpgp_packets import split_signatures
from support.aviary import ROOK
from support.faulty_upstream import FaultyUpstream
from support.house import House
from support.openpgp import Gnupg, SignedRpms
from support.rpms import Rpm

REPOMD = "repodata/repomd.xml"


class RooksSigned(SignedRpms):
    """Only rooks are signed."""

    def build(self, *wanted: Rpm) -> list[Path]:
        """Return the files of the packages, in order."""
        return [self._one(each) for each in wanted]

    def _one(self, rpm: Rpm) -> Path:
        return (super().build(rpm) if rpm == ROOK else self._plain.build(rpm))[0]


@dataclass(slots=True)
class Scene:
    """A repository, its upstream, and the content that it serves."""

    house: House
    upstream: FaultyUpstream
    content: httpx2.Client
    gnupg: Gnupg
    repository: int = 0

    def offer(self, folder: Path, *, by: str | None = None, revision: int | None = None) -> None:
        """Let upstream have this alone, with a signature and a time of its own if asked."""
        self.upstream.files.clear()
        for path in folder.rglob("*"):
            if path.is_file():
                self.upstream.serve(f"/{path.relative_to(folder)}", path.read_bytes())
        repomd = (folder / REPOMD).read_text()
        if revision is not None:
            begin, end = repomd.index("<revision>"), repomd.index("</revision>")
            repomd = f"{repomd[:begin]}<revision>{revision}{repomd[end:]}"
        self.upstream.serve(f"/{REPOMD}", repomd.encode())
        if by:
            self.upstream.serve(f"/{REPOMD}.asc", self.gnupg.sign(by, repomd.encode()))

    def make(self, *, key: str | None = "vendor", **fields: Any) -> None:
        """Make the repository, trusting a key."""
        if key:
            text = self.gnupg.public(key)
            fields["gpg_key_id"] = self.house.world.credential(key, text, kind="gpg_key")
        self.repository = self.house.world.repository("birds", url=self.upstream.url, **fields)

    def change(self, **fields: Any) -> None:
        """Change the repository."""
        answer = self.house.put(f"repositories/{self.repository}", **fields)
        assert answer.status_code == 200, answer.text

    def sync(self, **options: Any) -> tuple[str, str]:
        """Synchronize; return the result and what was told."""
        world = self.house.world
        task = world.ended(world.post(f"repositories/{self.repository}/sync", **options))
        return task["result"], " ".join(task["humanized"]["errors"])

    def upload(self, file: Path) -> tuple[str, str]:
        """Upload a package; return the result and what was told."""
        world = self.house.world
        path = f"/katello/api/repositories/{self.repository}/upload_content"
        sent = self.house.admin.post(path, files={"content": (file.name, file.read_bytes())})
        task = world.ended(sent.json())
        return task["result"], " ".join(task["humanized"]["errors"])

    def lacking(self, *versions: int) -> list[list[tuple[str, str]]]:
        """Return what the repository, and each of these versions, lacks: file and reason."""
        lists = [
            self.house.get(f"repositories/{self.repository}/missing_files"),
            *(self.house.get(f"content_view_versions/{each}/missing_files") for each in versions),
        ]
        return [
            [(row["path"].rpartition("/")[2], row["code"]) for row in each.json()["results"]]
            for each in lists
        ]

    def offered(self, view: str) -> str:
        """Return the primary metadata of the view in Library."""
        base = self.house.world.content_path("birds", view=view)
        repomd = parse_repomd(self.content.get(base + REPOMD).content)
        primary = repomd.find("primary")
        assert primary is not None
        return gzip.decompress(self.content.get(base + primary.location).content).decode()

    def explained(self, version: int, package: str) -> tuple[bool, str]:
        """Return whether a version offers a package, and the first reason why."""
        path = f"content_view_versions/{version}/explain"
        (told,) = self.house.get(path, package=package).json()["results"]
        return told["present"], told["reasons"][0]["code"]

    def settle(self) -> None:
        """Wait for what a change has asked for."""
        for label in ("Actions::BulkAction", "Actions::Katello::Repository::MetadataGenerate"):
            for task in self.house.world.list_tasks(label):
                assert self.house.world.ended(task)["result"] == "success"

    def number_of(self, version: int) -> str:
        """Return the number of a content view version."""
        return self.house.world.show("content_view_versions", version)["version"]

    def signer(self, view: str | None = None) -> str | None:
        """Return who signed the metadata of Library, or of a view in Library."""
        path = self.house.world.content_path("birds", view=view)
        assert self.content.get(path + REPOMD).status_code == 200
        answer = self.content.get(f"{path}{REPOMD}.asc")
        if answer.status_code == 404:
            return None
        (packet,) = split_signatures(answer.content)
        return read_signature(packet).key_id

    def get(self, path: str) -> httpx2.Response:
        """Ask for a file as hosts do."""
        return self.content.get(self.house.world.content_path("birds") + path)
