"""`headgate doctor`: a healthy server is healthy, and what is broken is found with its remedy."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from headgate.domain.clock import utc_now
from headgate.server.doctor import ERRORS, HEALTHY, WARNINGS, Diagnosis, Examination, examine
from headgate.server.settings import Settings
from headgate.stores.blobs import FolderBlobStore
from headgate.stores.db import Database
from headgate.stores.db.tables import executors, organizations, tasks
from support.doctor import diagnosis, doctor_finds_nothing
from support.server import headgate, serving
from support.upstream import Upstream, upstream
from support.world import World

_GENERATOR = Path(__file__).parents[2] / "benchmarks" / "repodata.py"
PATIENT = Examination(slow_milliseconds=60_000)
DEEP = Examination(slow_milliseconds=60_000, deep=True)
FIX = Examination(slow_milliseconds=60_000, fix=True)


@pytest.fixture(scope="module")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    root = tmp_path_factory.mktemp("upstream")
    command = [sys.executable, _GENERATOR, root / "birds", "--packages", "10"]
    subprocess.run([*command, "--rpm-size", "600"], check=True)
    with upstream(root, tmp_path_factory.mktemp("keys")) as serving_:
        yield serving_


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory, birds: Upstream) -> Path:
    """The home of a server that was used and stopped; it was healthy while it was busy."""
    home = tmp_path_factory.mktemp("doctor") / "home"
    with serving(home) as server, server.client() as client:
        world = World(client)
        mirror = world.mirror("mirror", f"{birds.url}birds/")
        files = world.repository("files", content_type="file")
        egg = home.parent / "egg"
        egg.write_text("blue")
        world.upload(files, egg)
        client.get(
            f"/katello/api/organizations/{world.organization_label}/download_debug_certificate"
        )
        running = world.post(f"content_views/{world.view('Base', mirror)}/publish")
        doctor_finds_nothing(server)
        world.done(running)
        world.delete(f"repositories/{files}")
        doctor_finds_nothing(server)
    return home


@pytest.fixture
def home(used: Path, tmp_path: Path) -> Path:
    """A copy of it, to be broken."""
    return Path(shutil.copytree(used, tmp_path / "home"))


def look(
    home: Path, examination: Examination = PATIENT, *, later: timedelta | None = None
) -> Diagnosis:
    """Examine a home, as if so much later."""
    shift = later or timedelta()
    return examine(Settings(home=home), examination, clock=lambda: utc_now() + shift)


def codes(found: Diagnosis) -> list[str]:
    """Return what was found."""
    return [each.code for each in found.findings]


def some_blob(home: Path) -> Path:
    """Return the file of a package."""
    return next(
        path
        for path in (home / "blobs").rglob("*")
        if path.is_file() and path.stat().st_size == 600
    )


def opened(home: Path) -> Database:
    return Database(f"sqlite:///{home / 'headgate.db'}")


def test_a_healthy_installation_is_told_so_and_left_as_it_is(home: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*")}

    found = look(home, DEEP)

    assert (found.findings, found.exit_code) == ([], HEALTHY)
    after = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    passing = ("headgate.db", "headgate.db-wal", "headgate.db-shm")
    changed = [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
    assert [path for path in changed if path != home and path.name not in passing] == []
    done = headgate("doctor", "--home", home, "--slow-disk", "60000")
    assert done.stdout == "Nothing is wrong.\n"


def test_missing_blobs_are_named_with_those_who_need_them(home: Path) -> None:
    blob = some_blob(home)
    blob.unlink()

    found = look(home)

    assert (codes(found), found.exit_code) == (["missing_blobs"], ERRORS)
    (finding,) = found.findings
    assert blob.name in finding.message
    assert "repository 'mirror' (" in finding.message
    assert "version Base 1.0" in finding.message
    assert "verify-checksum" in finding.fix


def test_changed_bytes_are_found_when_looked_for(home: Path) -> None:
    blob = some_blob(home)
    content = blob.read_bytes()
    blob.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert codes(look(home)) == []

    assert codes(look(home, DEEP)) == ["corrupt_blobs"]

    blob.write_bytes(content[:-1])
    assert codes(look(home)) == ["corrupt_blobs"]


def test_what_belongs_to_nothing_is_found_and_removed_when_asked_to(home: Path) -> None:
    stray = home / "blobs" / "ab" / "cd" / ("abcd" + 60 * "0")
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_text("nobody's")
    with FolderBlobStore(home).spool() as spool:
        spool.write(b"half")
        (mine,) = (home / "spool").iterdir()
        machine, boot, _, start, random = mine.name.split("-")
        dead = mine.with_name(f"{machine}-{boot}-4194303-{start}-{random}")
        shutil.copyfile(mine, dead)
        expected = ["orphan_spool_files", "orphan_blobs"]

        found = look(home)
        assert (codes(found), found.exit_code) == (expected, WARNINGS)
        assert stray.exists()
        fixed = look(home, FIX)

        assert (codes(fixed), fixed.exit_code) == (expected, HEALTHY)
        assert not stray.exists()
        assert not dead.exists()
        assert mine.exists()  # it is being written
    assert codes(look(home)) == []


def test_a_blob_in_the_trash_that_is_needed_is_put_back(home: Path) -> None:
    blob = some_blob(home)
    blob.rename(home / "trash" / f"{blob.name}.ticket")

    assert codes(look(home)) == ["interrupted_collection"]
    assert look(home, FIX).exit_code == HEALTHY
    assert blob.exists()


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (timedelta(days=7200), {"authority_expiring", "server_certificate_expired"}),
        (timedelta(days=36500), {"authority_expired", "debug_certificate_expired"}),
        (-timedelta(days=2), {"authority_not_yet_valid", "clock_skew"}),
    ],
)
def test_certificates_are_told_of_before_they_end(
    home: Path, later: timedelta, expected: set[str]
) -> None:
    assert expected <= set(codes(look(home, later=later)))


def break_authority(home: Path) -> None:
    (home / "ca" / "ca.crt").write_text("no certificate")


def swap_authority_key(home: Path) -> None:
    shutil.copyfile(home / "ca" / "server.pem", home / "ca" / "ca.key")
    (home / "ca" / "ca.key").chmod(0o600)


def lose_seal(home: Path) -> None:
    (home / "keys" / "seal.key").unlink()


def swap_seal(home: Path) -> None:
    (home / "keys" / "seal.key").write_bytes(os.urandom(32))


def lose_database(home: Path) -> None:
    (home / "headgate.db").unlink()


def spoil_database(home: Path) -> None:
    (home / "headgate.db").write_bytes(b"not a database" * 1000)


def lose_blobs(home: Path) -> None:
    (home / "blobs").rename(home / "lost")


def older_schema(home: Path) -> None:
    with sqlite3.connect(home / "headgate.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.close()


def dangling_row(home: Path) -> None:
    with sqlite3.connect(home / "headgate.db") as connection:
        connection.execute("UPDATE products SET organization_id = 99")
    connection.close()


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (break_authority, "authority_unreadable"),
        (swap_authority_key, "authority_key"),
        (lose_seal, "seal_key_missing"),
        (swap_seal, "seal_key_wrong"),
        (lose_database, "database_missing"),
        (spoil_database, "database_unreachable"),
        (lose_blobs, "blob_folder_missing"),
        (older_schema, "schema_revision"),
        (dangling_row, "database_inconsistent"),
    ],
)
def test_what_is_lost_or_spoilt_is_found(
    home: Path, harm: Callable[[Path], None], expected: str
) -> None:
    harm(home)

    found = look(home)

    assert expected in codes(found)
    assert found.exit_code == ERRORS


def test_keys_that_others_may_read_are_closed_when_asked_to(home: Path) -> None:
    key = home / "ca" / "ca.key"
    key.chmod(0o644)

    assert codes(look(home)) == ["readable_keys"]
    assert look(home, FIX).exit_code == HEALTHY
    assert key.stat().st_mode & 0o077 == 0


def test_work_that_does_not_go_on_is_told(home: Path) -> None:
    database, now = opened(home), utc_now()
    with database.begin() as tx:
        row = {"id": "dead", "process": "elsewhere/1/1/1", "beat": 1}
        long_ago = now - timedelta(days=2)
        tx.execute(insert(executors).values(**row, started_at=long_ago, beat_at=long_ago))
        some = tasks.c.number == 1
        tx.execute(update(tasks).where(some).values(state="paused"))
        other = update(tasks).where(tasks.c.number == 2)
        tx.execute(other.values(state="running", started_at=long_ago))
    database.close()

    found = look(home)

    assert codes(found) == ["dead_workers", "paused_tasks", "long_tasks"]
    assert "headgate task resume" in found.findings[1].fix


def test_a_slow_disk_and_programs_that_ask(home: Path) -> None:
    slow = look(home, Examination(slow_milliseconds=0))

    assert set(codes(slow)) == {"slow_disk"}
    (home / "ca" / "ca.key").chmod(0o644)
    (found,) = diagnosis(home, code=ERRORS)
    assert (found["code"], found["level"], found["fixed"]) == ("readable_keys", "error", False)
    (found,) = diagnosis(home, "--fix")
    assert found["fixed"] is True
    nowhere = headgate("doctor", "--home", home / "nowhere", check=False)
    assert nowhere.returncode == 1
    assert "There is no home folder" in nowhere.stderr
    assert json.loads(look(home).as_json()) == {"healthy": True, "findings": []}


def test_organizations_whose_debug_certificate_was_never_asked_for_are_no_finding(
    home: Path,
) -> None:
    database = opened(home)
    with database.begin() as tx:
        tx.execute(update(organizations).values(debug_certificate=None))
    database.close()

    assert codes(look(home, later=timedelta(days=3_000))) == ["server_certificate_expired"]
