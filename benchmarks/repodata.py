"""Make the metadata of a realistic yum repository, the same for the same arguments.

    python benchmarks/repodata.py DIR --packages 60000 [--changed 100] [--errata N] [--seed S]

60,000 packages give some 850 MB of XML, two thirds of it file lists. `--changed K` makes the same
repository after K packages, evenly spread, got a new release. `--rpm-size BYTES` also writes the
package files: dummies with the right names, sizes and checksums, for repositories that are
fetched on demand.
"""

import argparse
import hashlib
import itertools
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from isal import igzip

FILES = 100
CHANGELOGS = 5
SUBPACKAGES = ("", "-libs", "-devel", "-doc", "-common", "-tools")
DAY = 86_400
EPOCH = 1_700_000_000


@dataclass(frozen=True)
class Package:
    """One package: what all its XML is made from."""

    name: str
    version: str
    release: str
    arch: str
    source: str
    sha256: str
    size: int
    rng: random.Random
    history: str  # the changelog, which packages of one source share
    about: str

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.version}-{self.release}.{self.arch}.rpm"

    @property
    def location(self) -> str:
        return f"Packages/{self.name[0]}/{self.file_name}"

    @property
    def nevra(self) -> str:
        return f"{self.name}-0:{self.version}-{self.release}.{self.arch}"


def seeded(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311  # test data, no secret


class Words:
    """The vocabulary: common words are common, so that it compresses as prose does."""

    def __init__(self, seed: int) -> None:
        rng = seeded(f"{seed}/words")
        syllables = [c + v for c in "bcdfghklmnprstvwz" for v in "aeiou"] + ["lib", "py", "x", "qt"]
        self.words = sorted(
            {"".join(rng.choices(syllables, k=rng.choice((1, 2, 2, 3)))) for _ in range(6000)}
        )
        rng.shuffle(self.words)
        self.weights = list(itertools.accumulate(1 / (n + 20) for n in range(len(self.words))))
        self.phrases = [" ".join(rng.choices(self.words, k=3)) for _ in range(2000)]
        trunks = (
            "/usr/share/doc",
            "/usr/lib64",
            "/usr/share/locale",
            "/usr/include",
            "/usr/lib",
            "/usr/share/javadoc",
            "/usr/lib/python3.11/site-packages",
            "/usr/share/help",
        )
        self.trunks = [f"{trunk}/{a}" for trunk in trunks for a in rng.sample(self.words, 60)]
        ends = (".html", ".png", ".h", ".py", ".so.1", ".js", ".mo", ".txt", ".pyc", ".xml", ".gz")
        self.leaves = [
            f"{a}-{b}{end}"
            for a, b, end in zip(
                rng.choices(self.words, k=30_000),
                rng.choices(self.words, k=30_000),
                rng.choices(ends, k=30_000),
                strict=True,
            )
        ]

    def text(self, rng: random.Random, count: int) -> str:
        """Prose of about `count` words, of phrases that come again."""
        chosen = rng.choices(
            self.phrases, cum_weights=self.weights[: len(self.phrases)], k=count // 3
        )
        return " ".join([*chosen, *rng.choices(self.words, cum_weights=self.weights, k=count % 3)])


def packages(
    words: Words, *, count: int, changed: int, seed: int, rpm_size: int
) -> Iterator[Package]:
    step = count / changed if changed else 0
    bumped = {int(n * step) for n in range(changed)}
    for index in range(count):
        group, member = divmod(index, len(SUBPACKAGES))
        rng = seeded(f"{seed}/{group}")
        again, word = divmod(group, len(words.words))
        base = f"{rng.choice(words.words)}-{words.words[word]}{again or ''}"
        version = f"{rng.randrange(9)}.{rng.randrange(30)}.{rng.randrange(12)}"
        release = rng.randrange(1, 9)
        about = words.text(rng, 60)
        history = changelog(words, rng, version)
        rng = seeded(f"{seed}/{index}/{index in bumped}")
        arch = "noarch" if SUBPACKAGES[member] in {"-doc", "-common"} else "x86_64"
        name = base + SUBPACKAGES[member]
        source = f"{base}-{version}-{release}.el9.src.rpm"
        final = f"{release + (index in bumped)}.el9"
        content = payload(f"{name}-{version}-{final}.{arch}", rpm_size)
        size = len(content) if rpm_size else rng.randrange(6_000, 9_000_000)
        checksum = hashlib.sha256(content).hexdigest()
        yield Package(name, version, final, arch, source, checksum, size, rng, history, about)


def payload(nevra: str, size: int) -> bytes:
    """A file of `size` bytes (or just its label) that no other package has."""
    label = f"headgate dummy package {nevra}\n".encode()
    return (label * (size // len(label) + 1))[: max(size, len(label))] if size else label


def primary(package: Package, words: Words) -> str:
    p, rng = package, package.rng
    built = EPOCH + rng.randrange(900) * DAY
    provides = [p.name, f"{p.name}(x86-64)", *rng.choices(words.leaves, k=2)]
    requires = rng.choices(words.words, cum_weights=words.weights, k=8)
    entries = "\n".join(
        f'      <rpm:entry name="{name}" flags="EQ" epoch="0" ver="{p.version}" rel="{p.release}"/>'
        for name in provides
    )
    needs = "\n".join(f'      <rpm:entry name="lib{name}.so.1()(64bit)"/>' for name in requires)
    binaries = "\n".join(f"    <file>/usr/bin/{name}</file>" for name in requires[:2])
    return f"""<package type="rpm">
  <name>{p.name}</name>
  <arch>{p.arch}</arch>
  <version epoch="0" ver="{p.version}" rel="{p.release}"/>
  <checksum type="sha256" pkgid="YES">{p.sha256}</checksum>
  <summary>{words.text(rng, 7).capitalize()}</summary>
  <description>{words.text(rng, 30)}.
{p.about} &amp; more.</description>
  <packager>Example Project &lt;builds@example.org&gt;</packager>
  <url>https://example.org/{p.name}?from=repo</url>
  <time file="{built + 60}" build="{built}"/>
  <size package="{p.size}" installed="{p.size * 3}" archive="{p.size * 3 + 1000}"/>
  <location href="{p.location}"/>
  <format>
    <rpm:license>GPL-2.0-or-later</rpm:license>
    <rpm:vendor>Example Project</rpm:vendor>
    <rpm:group>Unspecified</rpm:group>
    <rpm:buildhost>build-{rng.randrange(40):02}.example.org</rpm:buildhost>
    <rpm:sourcerpm>{p.source}</rpm:sourcerpm>
    <rpm:header-range start="4504" end="{9000 + rng.randrange(30000)}"/>
    <rpm:provides>
{entries}
    </rpm:provides>
    <rpm:requires>
{needs}
    </rpm:requires>
{binaries}
  </format>
</package>
"""


def head(package: Package) -> str:
    p = package
    return (
        f'<package pkgid="{p.sha256}" name="{p.name}" arch="{p.arch}">\n'
        f'  <version epoch="0" ver="{p.version}" rel="{p.release}"/>\n'
    )


def filelists(package: Package, words: Words) -> str:
    rng = package.rng
    count = min(int(rng.expovariate(1 / FILES)) + 1, 40 * FILES)
    lines: list[str] = []
    while len(lines) < count:
        trunk = f"{rng.choice(words.trunks)}/{package.name}-{package.version}"
        folder = f"{trunk}/{words.words[rng.randrange(400)]}/{words.words[rng.randrange(99)]}"
        lines.append(f'  <file type="dir">{folder}</file>\n')
        lines += [
            f"  <file>{folder}/{leaf}</file>\n"
            for leaf in rng.sample(words.leaves, min(rng.randrange(1, 30), count - len(lines) + 1))
        ]
    return f"{head(package)}{''.join(lines)}</package>\n"


def other(package: Package, _words: Words) -> str:
    return f"{head(package)}{package.history}</package>\n"


def changelog(words: Words, rng: random.Random, version: str) -> str:
    return "".join(
        f'  <changelog author="Ann Öst &lt;ann{rng.randrange(90)}@example.org&gt; - '
        f'{version}-{number}" date="{EPOCH + number * 30 * DAY}">- '
        f"{words.text(rng, 30)}\n- {words.text(rng, 22)} (rhbz#{rng.randrange(10**6)})"
        "</changelog>\n"
        for number in range(CHANGELOGS)
    )


def errata(listed: list[tuple[Package, str]], words: Words, rng: random.Random) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<updates>\n'
    for number, (package, title) in enumerate(listed):
        kind = ("security", "bugfix", "enhancement")[number % 3]
        severity = ("Critical", "Important", "Moderate", "Low")[number % 4]
        year = 2020 + number % 6
        advisory = f"EXSA-{year}:{number:04}"
        yield f"""  <update from="security@example.org" status="final" type="{kind}" version="2">
    <id>{advisory}</id>
    <title>{title} update for {package.name}</title>
    <issued date="{year}-03-{number % 28 + 1:02} 10:00:00"/>
    <updated date="{year}-04-{number % 28 + 1:02} 11:30:00"/>
    <rights>Copyright {year} Example Project</rights>
    <release>1</release>
    <pushcount>1</pushcount>
    <severity>{severity}</severity>
    <summary>{words.text(rng, 20)}</summary>
    <description>{words.text(rng, 120)}</description>
    <solution>{words.text(rng, 30)}</solution>
    <references>
      <reference href="https://example.org/errata/{advisory}" id="{advisory}" type="self" \
title="{advisory}"/>
      <reference href="https://bugs.example.org/{number}" id="{number}" type="bugzilla" \
title="{words.text(rng, 6)}"/>
      <reference href="https://cve.example.org/CVE-{year}-{number:04}" id="CVE-{year}-{number:04}" \
type="cve" title="CVE-{year}-{number:04}"/>
    </references>
    <pkglist>
      <collection short="EX-9">
        <name>Example 9</name>
        <package name="{package.name}" version="{package.version}" release="{package.release}" \
epoch="0" arch="{package.arch}" src="{package.source}">
          <filename>{package.file_name}</filename>
          <sum type="sha256">{package.sha256}</sum>
          <reboot_suggested>{number % 2 == 0}</reboot_suggested>
        </package>
      </collection>
    </pkglist>
  </update>
"""
    yield "</updates>\n"


def comps(listed: list[Package], words: Words, rng: random.Random) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE comps PUBLIC '
    yield '"-//Example//DTD Comps info//EN" "comps.dtd">\n<comps>\n'
    count = max(1, min(40, len(listed) // 10))
    for number in range(count):
        members = rng.sample(listed, min(12, len(listed)))
        lines = "\n".join(
            f'      <packagereq type="{("mandatory", "default", "optional")[n % 3]}">{m.name}'
            f"</packagereq>"
            for n, m in enumerate(members)
        )
        yield f"""  <group>
    <id>group-{number}</id>
    <name>Group {number}</name>
    <name xml:lang="de">Gruppe {number}</name>
    <description>{words.text(rng, 12)}</description>
    <default>false</default>
    <uservisible>true</uservisible>
    <packagelist>
{lines}
    </packagelist>
  </group>
"""
    ids = "\n".join(f"      <groupid>group-{number}</groupid>" for number in range(count))
    yield f"""  <category>
    <id>all</id>
    <name>All</name>
    <description>Every group</description>
    <display_order>99</display_order>
    <grouplist>
{ids}
    </grouplist>
  </category>
  <environment>
    <id>minimal</id>
    <name>Minimal</name>
    <description>A minimal system</description>
    <display_order>5</display_order>
    <grouplist>
      <groupid>group-0</groupid>
    </grouplist>
    <optionlist/>
  </environment>
</comps>
"""


def modules(listed: list[Package], words: Words, rng: random.Random) -> Iterator[str]:
    for number, package in enumerate(listed):
        artifacts = "\n".join(f"    - {m.nevra}" for m in [package, *rng.sample(listed, 1)])
        name, stream = f"module{number // 2}", f"{1 + number % 2}.0"
        yield f"""---
document: modulemd
version: 2
data:
  name: {name}
  stream: "{stream}"
  version: 920240101{number:06}
  context: {rng.getrandbits(32):08x}
  arch: x86_64
  summary: {words.text(rng, 6)}
  description: >-
    {words.text(rng, 40)}
  license:
    module:
    - MIT
  dependencies:
  - requires:
      platform: [el9]
  profiles:
    common:
      rpms:
      - {package.name}
  artifacts:
    rpms:
{artifacts}
...
"""
        if number % 2 == 0:
            yield f"""---
document: modulemd-defaults
version: 1
data:
  module: {name}
  stream: "{stream}"
  profiles:
    "{stream}": [common]
...
"""


class MetadataFile:
    """A gzip file of repodata, with what repomd.xml says of it."""

    def __init__(self, folder: Path, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        self._path = folder / name
        self._raw: BinaryIO = self._path.open("wb")
        self._file = igzip.IGzipFile("", "wb", 2, self._raw, mtime=0)
        self._open_checksum, self._open_size = hashlib.sha256(), 0
        self._pending: list[str] = []
        self._length = 0

    def write(self, text: str) -> None:
        self._pending.append(text)
        self._length += len(text)
        if self._length > 1 << 20:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._file.close()
        self._raw.close()

    def repomd(self) -> str:
        with self._path.open("rb") as file:
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
        return f"""  <data type="{self.kind}">
    <checksum type="sha256">{checksum}</checksum>
    <open-checksum type="sha256">{self._open_checksum.hexdigest()}</open-checksum>
    <location href="repodata/{self.name}"/>
    <timestamp>{EPOCH}</timestamp>
    <size>{self._path.stat().st_size}</size>
    <open-size>{self._open_size}</open-size>
  </data>
"""

    def _flush(self) -> None:
        data = "".join(self._pending).encode()
        self._pending, self._length = [], 0
        self._open_checksum.update(data)
        self._open_size += len(data)
        self._file.write(data)


ROOTS = {
    "primary": '<metadata xmlns="http://linux.duke.edu/metadata/common" '
    'xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="{}">\n',
    "filelists": '<filelists xmlns="http://linux.duke.edu/metadata/filelists" packages="{}">\n',
    "other": '<otherdata xmlns="http://linux.duke.edu/metadata/other" packages="{}">\n',
}
ENDS = {"primary": "</metadata>\n", "filelists": "</filelists>\n", "other": "</otherdata>\n"}
MAKERS = {"primary": primary, "filelists": filelists, "other": other}


def make(
    folder: Path,
    *,
    count: int,
    changed: int = 0,
    errata_count: int | None = None,
    seed: int = 1,
    rpm_size: int = 0,
    module_count: int | None = None,
) -> None:
    """Write `folder`/repodata, and the packages when `rpm_size` is given."""
    repodata = folder / "repodata"
    repodata.mkdir(parents=True, exist_ok=True)
    words, rng = Words(seed), seeded(f"{seed}/rest")
    errata_count = count // 20 if errata_count is None else errata_count
    module_count = min(100, count // 50) if module_count is None else module_count
    listed = packages(words, count=count, changed=changed, seed=seed, rpm_size=rpm_size)
    if rpm_size:
        listed = written(listed, folder, rpm_size)
    files, kept = list_packages(
        repodata, listed, words, count=count, sample=max(errata_count, module_count * 2, 400)
    )
    advised = [(kept[n % len(kept)], words.text(rng, 3)) for n in range(errata_count)]
    rest = {
        ("updateinfo", "updateinfo.xml.gz"): errata(advised, words, rng),
        ("group", "comps.xml.gz"): comps(kept, words, rng),
        ("modules", "modules.yaml.gz"): modules(kept[:module_count], words, rng),
    }
    for (kind, name), texts in rest.items():
        files.append(file := MetadataFile(repodata, kind, name))
        for text in texts:
            file.write(text)
        file.close()
    (repodata / "repomd.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<repomd xmlns="http://linux.duke.edu/metadata/repo" '
        f'xmlns:rpm="http://linux.duke.edu/metadata/rpm">\n  <revision>{EPOCH}</revision>\n'
        f"{''.join(file.repomd() for file in files)}</repomd>\n"
    )


def written(listed: Iterable[Package], folder: Path, size: int) -> Iterator[Package]:
    """Yield the packages, each once its file is there."""
    for package in listed:
        path = folder / package.location
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(payload(package.file_name.removesuffix(".rpm"), size))
        yield package


def list_packages(
    repodata: Path, listed: Iterable[Package], words: Words, *, count: int, sample: int
) -> tuple[list[MetadataFile], list[Package]]:
    """Write primary, filelists and other; return them, and about `sample` of the packages."""
    files = [MetadataFile(repodata, kind, f"{kind}.xml.gz") for kind in ROOTS]
    for file in files:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n' + ROOTS[file.kind].format(count))
    kept: list[Package] = []
    for index, package in enumerate(listed):
        for file in files:
            file.write(MAKERS[file.kind](package, words))
        if index % max(1, count // sample) == 0:
            kept.append(package)
    for file in files:
        file.write(ENDS[file.kind])
        file.close()
    return files, kept


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--packages", type=int, required=True, metavar="N")
    parser.add_argument("--changed", type=int, default=0, metavar="K")
    parser.add_argument("--errata", type=int, metavar="N", help="default: a twentieth of N")
    parser.add_argument("--modules", type=int, metavar="N", help="streams; default: at most 100")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rpm-size", type=int, default=0, metavar="BYTES")
    options = parser.parse_args()
    make(
        options.folder,
        count=options.packages,
        changed=options.changed,
        errata_count=options.errata,
        seed=options.seed,
        rpm_size=options.rpm_size,
        module_count=options.modules,
    )


if __name__ == "__main__":
    main()
