"""Yum repositories for tests, written by the real createrepo_c and modifyrepo_c."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self
from xml.etree import ElementTree as ET

import yaml

from support import needs
from support.rpms import Rpm, RpmStore

# Beside the interpreter: the createrepo_c wheel is newer than Debian's and knows zstd.
_WHEEL = Path(sys.executable).parent
# Debian's still writes the checksum that old repositories have.
_DEBIAN = Path("/usr/bin")


@dataclass(frozen=True, slots=True)
class Advisory:
    """An erratum of updateinfo.xml."""

    id: str
    packages: Sequence[Rpm]
    type: str = "security"
    severity: str = "Important"
    title: str = "An advisory"
    issued: str = "2026-01-02 09:00:00"
    cves: Sequence[str] = ()
    module: str = ""
    """NAME:STREAM:VERSION:CONTEXT:ARCH of the module that its packages belong to."""

    def element(self) -> ET.Element:
        """Render as createrepo_c, dnf and Pulp expect it."""
        update = ET.Element(
            "update", {"from": "tester@example.org", "status": "final", "version": "1"}
        )
        update.set("type", self.type)
        for tag, text in {"id": self.id, "title": self.title}.items():
            ET.SubElement(update, tag).text = text
        ET.SubElement(update, "issued", date=self.issued)
        ET.SubElement(update, "updated", date=self.issued)
        for tag, text in {"severity": self.severity, "summary": self.title}.items():
            ET.SubElement(update, tag).text = text
        ET.SubElement(update, "description").text = f"Description of {self.id}"
        references = ET.SubElement(update, "references")
        for cve in self.cves:
            href = f"https://example.org/{cve}"
            ET.SubElement(references, "reference", id=cve, type="cve", title=cve, href=href)
        self._packages(ET.SubElement(update, "pkglist"))
        return update

    def _packages(self, pkglist: ET.Element) -> None:
        collection = ET.SubElement(pkglist, "collection", short="tests")
        ET.SubElement(collection, "name").text = "Tests"
        if self.module:
            name, stream, version, context, arch = self.module.split(":")
            module = ET.SubElement(collection, "module", name=name, stream=stream, arch=arch)
            module.attrib |= {"version": version, "context": context}
        for rpm in self.packages:
            package = ET.SubElement(collection, "package", name=rpm.name, version=rpm.version)
            package.attrib |= {"release": rpm.release, "epoch": str(rpm.epoch), "arch": rpm.arch}
            package.set("src", rpm.sources.filename)
            ET.SubElement(package, "filename").text = rpm.filename


@dataclass(frozen=True, slots=True)
class Group:
    """A package group of comps.xml."""

    id: str
    name: str
    mandatory: Sequence[str] = ()
    optional: Sequence[str] = ()

    def element(self) -> ET.Element:
        """Render as comps has it."""
        group = ET.Element("group")
        texts = {"id": self.id, "name": self.name, "description": f"{self.name} group"}
        for tag, text in (texts | {"default": "true", "uservisible": "true"}).items():
            ET.SubElement(group, tag).text = text
        packages = ET.SubElement(group, "packagelist")
        for type_, names in {"mandatory": self.mandatory, "optional": self.optional}.items():
            for name in names:
                ET.SubElement(packages, "packagereq", type=type_).text = name
        return group


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment group of comps.xml: a choice of groups."""

    id: str
    name: str
    groups: Sequence[str]
    optional: Sequence[str] = ()

    def element(self) -> ET.Element:
        """Render as comps has it."""
        environment = ET.Element("environment")
        texts = {"id": self.id, "name": self.name, "description": self.name, "display_order": "1"}
        for tag, text in texts.items():
            ET.SubElement(environment, tag).text = text
        for tag, ids in {"grouplist": self.groups, "optionlist": self.optional}.items():
            listed = ET.SubElement(environment, tag)
            for id_ in ids:
                ET.SubElement(listed, "groupid").text = id_
        return environment


@dataclass(frozen=True, slots=True)
class Module:
    """One stream of a module, in one context."""

    name: str
    stream: str
    packages: Sequence[Rpm]
    version: int = 20260101
    context: str = "c0ffee01"
    arch: str = "noarch"
    default: bool = False
    requires: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])

    def documents(self) -> list[dict[str, Any]]:
        """Return the modulemd document and, of the default stream, the defaults document."""
        names = sorted({rpm.name for rpm in self.packages})
        described = {
            "name": self.name,
            "stream": self.stream,
            "version": self.version,
            "context": self.context,
            "arch": self.arch,
            "summary": f"Module {self.name}",
            "description": f"Stream {self.stream} of {self.name}",
            "license": {"module": ["GPL-2.0-or-later"]},
            "dependencies": [{"requires": {k: list(v) for k, v in self.requires.items()}}],
            "profiles": {"default": {"rpms": names}},
            "artifacts": {"rpms": [rpm.nevra for rpm in self.packages]},
        }
        documents: list[dict[str, Any]] = [
            {"document": "modulemd", "version": 2, "data": described}
        ]
        if self.default:
            defaults = {"module": self.name, "stream": self.stream}
            profiles = {"profiles": {self.stream: ["default"]}}
            documents.append(
                {"document": "modulemd-defaults", "version": 1, "data": defaults | profiles}
            )
        return documents


@dataclass(frozen=True, slots=True)
class YumRepository:
    """What a repository holds; `write` makes it."""

    rpms: Sequence[Rpm] = ()
    advisories: Sequence[Advisory] = ()
    groups: Sequence[Group] = ()
    environments: Sequence[Environment] = ()
    modules: Sequence[Module] = ()
    treeinfo: bool = False
    """Add a .treeinfo with two boot images."""
    others: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    """Further repomd entries by type, for instance productid, or one that nobody knows."""
    compression: str = "gz"
    checksum: str = "sha256"
    unique_names: bool = True
    """Whether metadata files carry their checksum in their name."""

    def having(self, **changes: Any) -> Self:
        """Return a repository that differs in some points."""
        return replace(self, **changes)

    def write(self, folder: Path, store: RpmStore) -> Path:
        """Write packages (by first letter) and metadata; what was in the folder goes."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for rpm, path in zip(self.rpms, store.build(*self.rpms), strict=True):
            target = folder / "Packages" / rpm.name[0] / rpm.filename
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        self._createrepo(folder)
        documents = {
            "group": (self.groups, "comps.xml", self._comps),
            "updateinfo": (self.advisories, "updateinfo.xml", self._updateinfo),
            "modules": (self.modules, "modules.yaml", self._modules),
        }
        for type_, (wanted, name, render) in documents.items():
            if wanted:
                self._modifyrepo(folder, type_, name, render())
        for type_, body in self.others.items():
            self._modifyrepo(folder, type_, type_, body)
        if self.treeinfo:
            _write_treeinfo(folder)
        return folder

    def _createrepo(self, folder: Path) -> None:
        compress = f"--general-compress-type={self.compression}"
        self._run("createrepo_c", "--quiet", "--no-database", compress, *self._names(), folder)

    def _modifyrepo(self, folder: Path, type_: str, name: str, body: bytes) -> None:
        document = folder / name
        document.write_bytes(body)
        compress = [f"--compress-type={self.compression}"]
        if type_ in self.others:
            compress = ["--no-compress"]
        where = [document, folder / "repodata"]
        self._run("modifyrepo_c", f"--mdtype={type_}", *compress, *self._names(), *where)
        document.unlink()

    def _run(self, program: str, *arguments: str | Path) -> None:
        path = (_DEBIAN if self.checksum in {"md5", "sha1"} else _WHEEL) / program
        if not path.exists():
            needs.missing(str(path), package="createrepo-c")
        made = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
        if made.returncode:
            raise RuntimeError(f"{program} failed:\n{made.stdout}{made.stderr}")

    def _names(self) -> list[str]:
        names = "--unique-md-filenames" if self.unique_names else "--simple-md-filenames"
        return [names, f"--checksum={self.checksum}"]

    def _comps(self) -> bytes:
        comps = ET.Element("comps")
        comps.extend(group.element() for group in self.groups)
        category = ET.SubElement(comps, "category")
        for tag, text in {"id": "everything", "name": "Everything", "description": ""}.items():
            ET.SubElement(category, tag).text = text
        listed = ET.SubElement(category, "grouplist")
        for group in self.groups:
            ET.SubElement(listed, "groupid").text = group.id
        comps.extend(environment.element() for environment in self.environments)
        return ET.tostring(comps, encoding="utf-8", xml_declaration=True)

    def _updateinfo(self) -> bytes:
        updates = ET.Element("updates")
        updates.extend(advisory.element() for advisory in self.advisories)
        return ET.tostring(updates, encoding="utf-8", xml_declaration=True)

    def _modules(self) -> bytes:
        documents = [document for module in self.modules for document in module.documents()]
        return yaml.safe_dump_all(documents, explicit_start=True, explicit_end=True).encode()


def _write_treeinfo(folder: Path) -> None:
    images = {"images/boot.iso": b"boot image\n" * 500, "images/pxeboot/vmlinuz": b"kernel\n" * 500}
    checksums: list[str] = []
    for name, body in images.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)
        checksums.append(f"{name} = sha256:{hashlib.sha256(body).hexdigest()}")
    repomd = (folder / "repodata" / "repomd.xml").read_bytes()
    checksums.append(f"repodata/repomd.xml = sha256:{hashlib.sha256(repomd).hexdigest()}")
    sections = {
        "header": ["type = productmd.treeinfo", "version = 1.2"],
        "release": ["name = Tests", "short = Tests", "version = 1"],
        "general": ["family = Tests", "variant = Nests", "version = 1", "arch = x86_64"],
        "tree": ["arch = x86_64", "platforms = x86_64", "variants = "],
        "images-x86_64": [f"{Path(name).name} = {name}" for name in images],
        "checksums": checksums,
    }
    text = "\n".join(f"[{name}]\n" + "\n".join(lines) + "\n" for name, lines in sections.items())
    (folder / ".treeinfo").write_text(text)
