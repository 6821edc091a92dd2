"""`headgate csv`: what an export writes, an import makes elsewhere, and makes but once."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

import pytest

from support.server import PASSWORD, Server

HEADGATE = Path(sys.executable).with_name("headgate")
_numbers = count(1)


OVERRIDE = "Activation Key,Repository,Name,Value"


class Sheets:
    """A person who exports and imports."""

    def __init__(self, server: Server, home: Path) -> None:
        self._environment = {
            "PATH": "/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "HOME": str(home),
            "HEADGATE_SERVER_URL": server.url,
            "HEADGATE_CA_FILE": str(server.ca),
            "HEADGATE_USERNAME": "admin",
            "HEADGATE_PASSWORD": PASSWORD,
        }

    def run(self, *words: str, code: int = 0, sheet: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command, which must end with this exit code."""
        done = subprocess.run(
            [HEADGATE, *words],
            env=self._environment,
            input=sheet,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def organization(self) -> str:
        """Make an organization and return its name."""
        name = f"Sheet {os.getpid()} {next(_numbers)}"
        self.run("organization", "create", "--name", name)
        return name

    def export(self, noun: str, organization: str = "") -> str:
        """Return the sheet of a noun."""
        mine = ["--organization", organization] if organization else []
        return self.run("csv", noun, "--export", *mine).stdout

    def import_(
        self, noun: str, sheet: str, *words: str, organization: str = "", code: int = 0
    ) -> Mapping[str, int]:
        """Import a sheet; return how many things were created, changed, left and refused."""
        mine = ["--organization", organization] if organization else []
        done = self.run(
            *("-o", "json", "csv", noun, "--import", *mine, *words), code=code, sheet=sheet
        )
        return json.loads(done.stdout)


@pytest.fixture
def sheets(server: Server, tmp_path: Path) -> Sheets:
    """Who knows the server and the password of admin."""
    return Sheets(server, tmp_path)


def sheet(titles: str, *lines: Sequence[str]) -> str:
    """Return a sheet."""
    written = io.StringIO()
    csv.writer(written).writerows([titles.split(","), *lines])
    return written.getvalue()


def counts(created: int = 0, changed: int = 0, unchanged: int = 0, refused: int = 0) -> object:
    return {"created": created, "changed": changed, "unchanged": unchanged, "refused": refused}


def test_everything_of_an_organization_moves_to_another_by_sheets(
    sheets: Sheets, server: Server
) -> None:
    first, second = sheets.organization(), sheets.organization()
    host = f"one.{os.getpid()}.example.test"
    repository = r"Birds, all\/some/a\/b, c"
    plenty = [
        ("lifecycle-environments", "Name,Prior,Description", ("Dev", "Library", "=1+1")),
        ("lifecycle-environments", "Name,Prior", ("Prod", "Dev")),
        ("content-credentials", "Name,Type,Content", ("CA", "cert", server.ca.read_text())),
        (
            "sync-plans",
            "Name,Interval,Sync Date,Enabled",
            ("Nightly", "daily", "2030-01-01 02:00", "yes"),
        ),
        ("products", "Name,SSL CA Cert,Sync Plan", ("Birds, all/some", "CA", "Nightly")),
        (
            "repositories",
            "Product,Name,Content Type,URL,Upstream Username,Upstream Password,Verify SSL",
            ("Birds, all/some", "a/b, c", "yum", "http://localhost/x/", "me", "-s", "no"),
        ),
        ("content-views", "Name,Repositories", ("Base", "Birds\\, all\\\\/some/a\\\\/b\\, c")),
        (
            "content-view-filters",
            "Content View,Name,Type,Inclusion",
            ("Base", "old", "rpm", "no"),
        ),
        ("content-view-filter-rules", "Filter,Name,Version", ("Base/old", "heron", "1.0")),
        ("host-collections", "Name,Max Hosts", ("Few", "10")),
        ("host-collections", "Name,Max Hosts", ("Many", "")),
        (
            "activation-keys",
            "Name,Max Hosts,Content View Environments,Service Level",
            ("key", "3", "Library", "Standard"),
        ),
        ("hosts", "Name,Comment", (host, "- a comment")),
        ("content-views", "Name,Composite", ("Whole", "yes")),
        ("content-view-components", "Content View,Component,Version", ("Whole", "Base", "latest")),
        ("host-collection-members", "Host Collection,Host", ("Few", host)),
        ("activation-key-overrides", OVERRIDE, ("key", repository, "enabled", "yes")),
        ("host-overrides", f"Host{OVERRIDE[14:]}", (host, repository, "priority", "5")),
    ]
    for noun, titles, line in plenty:
        assert sheets.import_(noun, sheet(titles, line), organization=first) == counts(created=1)

    for noun in dict.fromkeys(noun for noun, _, _ in plenty):
        exported = sheets.export(noun, first)
        lines = exported.count("\n") if noun != "content-credentials" else 2
        again = sheets.import_(noun, exported, organization=first)
        assert again == counts(unchanged=again["unchanged"])
        assert again["unchanged"] == lines - 1
        moved = exported.replace(first, second).replace("one.", "two.")
        made = sheets.import_(noun, moved, organization=second)
        assert (made["refused"], made["changed"]) == (0, 0), (noun, made)
        assert made["created"] > 0
        assert sheets.export(noun, second) == moved

    assert "'=1+1" in sheets.export("lifecycle-environments", second)
    assert "-s" not in sheets.export("repositories", second).replace("-sync", "")


def test_only_what_differs_is_changed(sheets: Sheets) -> None:
    organization = sheets.organization()
    titles = "Organization,Name,Description,GPG Key"
    lines = [[organization, f"P{number}", "'quoted", ""] for number in range(3)]
    made = sheets.import_("products", sheet(titles, *lines))
    assert made == counts(created=3)
    lines[1][2] = "changed"

    told = sheets.run("csv", "products", "--import", sheet=sheet(titles, *lines)).stdout

    assert told == (
        "Line 3: changed P1: Description\nProducts: 0 created, 1 changed, 2 unchanged, 0 refused\n"
    )
    assert sheets.import_("products", sheet(titles, *lines)) == counts(unchanged=3)
    shown = list(csv.DictReader(io.StringIO(sheets.export("products", organization))))
    assert [each["Description"] for each in shown] == ["''quoted", "changed", "''quoted"]


def test_each_line_that_cannot_be_done_is_named_and_the_others_are_done(sheets: Sheets) -> None:
    organization = sheets.organization()
    titles = "Name,Label,Description,Sync Plan"
    lines = [
        ["First", "first", "", ""],
        ["Second", "second", "several\nlines", "Nightly"],
        ["Third", "third", "", ""],
        ["First", "first", "", ""],
        ["", "none", "", ""],
    ]

    done = sheets.run(
        *("csv", "products", "--import", "--organization", organization),
        code=65,
        sheet=sheet(titles, *lines),
    )
    lines[0][1] = "other"
    fixed = sheets.run(
        *("csv", "products", "--import", "--organization", organization),
        code=65,
        sheet=sheet(titles, lines[0]),
    )

    assert done.stderr == (
        "Error: line 3, column Sync Plan: there is no sync plan 'Nightly'\n"
        "Error: line 6: line 2 is about the same\n"
        "Error: line 7, column Name: it is missing\n"
    )
    assert done.stdout.endswith("Products: 2 created, 0 changed, 0 unchanged, 3 refused\n")
    assert fixed.stderr == (
        "Error: line 2, column Label: it is 'first' and cannot be changed to 'other'\n"
    )


def test_parts_are_made_changed_and_refused_line_by_line(sheets: Sheets) -> None:
    organization = sheets.organization()
    mine = ["--organization", organization]

    def made(noun: str, titles: str, *lines: Sequence[str]) -> Mapping[str, int]:
        return sheets.import_(noun, sheet(titles, *lines), organization=organization)

    def refused(noun: str, titles: str, *lines: Sequence[str]) -> str:
        words = ("csv", noun, "--import", *mine)
        return sheets.run(*words, code=65, sheet=sheet(titles, *lines)).stderr

    made("products", "Name", ["Birds"])
    repositories = [["Birds", "rpms", "yum"], ["Birds", "files", "file"]]
    made("repositories", "Product,Name,Content Type", *repositories)
    made("content-views", "Name,Composite", ["Base", "no"], ["Whole", "yes"])
    sheets.run("content-view", "publish", "--name", "Base", *mine)
    components = "Content View,Component,Version"
    assert made("content-view-components", components, ["Whole", "Base", "1.0"])["created"] == 1
    exported = sheets.export("content-view-components", organization)
    assert exported.splitlines()[1:] == [f"{organization},Whole,Base,1.0"]
    again = sheets.import_("content-view-components", exported, organization=organization)
    assert again == counts(unchanged=1)
    assert made("content-view-components", components, ["Whole", "Base", "latest"])["changed"] == 1
    told = refused(
        *("content-view-components", components),
        *(["Whole", "Base", "9.0"], ["Whole", "Nest", "latest"], ["Whole", "Base", ""]),
        ["Base", "Whole", "latest"],
    )
    assert told.splitlines()[:3] == [
        "Error: line 2, column Version: 'Base' has no version '9.0'; or say latest",
        "Error: line 3, column Component: there is no content view 'Nest'",
        "Error: line 4, column Version: it is missing",
    ]
    assert told.splitlines()[3].startswith("Error: line 5")
    after = sheets.export("content-view-components", organization)
    assert after == exported.replace("1.0", "latest")

    made("host-collections", "Name,Max Hosts", ["Few", "1"])
    hosts = [f"{name}.{os.getpid()}.parts.test" for name in ("a", "b")]
    made("hosts", "Name", *([name] for name in hosts))
    members = "Host Collection,Host"
    told = refused("host-collection-members", members, *(["Few", each] for each in hosts))
    assert told.startswith("Error: line 3")
    assert made("host-collection-members", members, ["Few", hosts[0]]) == counts(unchanged=1)

    key, own = "activation-key-overrides", OVERRIDE
    made("activation-keys", "Name", ["key"])
    override = ["key", "Birds/rpms", "enabled", "no"]
    assert made(key, own, override, ["key", "Birds/rpms", "cost", "7"]) == counts(created=2)
    assert made(key, own, ["key", "Birds/rpms", "enabled", "0"]) == counts(unchanged=1)
    assert made(key, own, ["key", "Birds/rpms", "enabled", "true"]) == counts(changed=1)
    told = refused(
        *(key, own),
        *(["key", "Birds/files", "enabled", "1"], ["key", "Birds/rpms", "enabled", "maybe"]),
        ["key", "Birds/rpms", "cost", "default"],
    )
    assert "line 2, column Repository: it is of type file" in told
    assert "Error: line 3: The value of the override enabled must be" in told
    assert "line 4, column Value: a sheet removes no overrides" in told
    assert sheets.export(key, organization).splitlines()[1:] == [
        f"{organization},key,Birds/rpms,cost,7",
        f"{organization},key,Birds/rpms,enabled,1",
    ]
    dry = ("csv", "host-overrides", "--import", *mine, "--dry-run")
    line = sheet(f"Host{own[14:]}", [hosts[0], "Birds/rpms", "enabled", "1"])
    assert "1 created" in sheets.run(*dry, sheet=line).stdout
    assert sheets.export("host-overrides", organization).count("\n") == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: it is empty; columns are: Organization, Name, Label"),
        ("Name,Nest\n", "line 1: there is no column 'Nest'; columns are: Organization, Name"),
        ("Name,name\n", "line 1: the column Name is there twice"),
        ("Label\n", "line 1: the column Name is missing"),
        ("Name\na,b\n", "line 2: there are 2 cells under 1 titles"),
        ('Name\nok\n"open\n', "line 3: it cannot be read: unexpected end of data"),
    ],
)
def test_a_file_that_is_no_sheet_is_refused_with_the_place(
    sheets: Sheets, text: str, words: str
) -> None:
    organization = sheets.organization()

    refused = sheets.run(
        "csv", "products", "--import", "--organization", organization, code=65, sheet=text
    )

    assert words in refused.stderr


def test_a_dry_run_says_what_would_be_done_and_does_nothing(sheets: Sheets, tmp_path: Path) -> None:
    organization = sheets.organization()
    file = tmp_path / "environments.csv"
    titles = "Name,Prior"
    file.write_text("\ufeff" + sheet(titles, ["Dev", "Library"], ["Prod", "Dev"]))
    words = ["csv", "lifecycle-environments", "--import", "--organization", organization]

    told = sheets.run(*words, "--dry-run", "--file", str(file)).stdout
    done = sheets.run(*words, "--file", str(file)).stdout
    out = tmp_path / "out.csv"
    export = ["csv", "lifecycle-environments", "--export", "--organization", organization]
    written = sheets.run(*export, "--file", str(out)).stdout

    assert told.endswith(
        "2 created, 0 changed, 0 unchanged, 0 refused; nothing was done, for this is a dry run\n"
    )
    assert done.endswith("2 created, 0 changed, 0 unchanged, 0 refused\n")
    assert written == f"Lifecycle environments: 3 written to {out}\n"
    names = [each["Name"] for each in csv.DictReader(out.read_text().splitlines())]
    assert names == ["Library", "Dev", "Prod"]


def test_organizations_and_users_are_of_the_whole_server(sheets: Sheets) -> None:
    login = f"sheet{os.getpid()}"
    name = sheets.organization()
    titles = "Login,First Name,Email,Organizations,Password"
    user = [login, "Ann", "ann@example.test", name, "long enough for a user"]

    made = sheets.import_("users", sheet(titles, user))
    again = sheets.import_("users", sheets.export("users"))
    organizations = sheets.import_("organizations", sheets.export("organizations"))
    changed = sheets.import_("organizations", sheet("Name,Description", [name, "@home"]))

    assert made == counts(created=1)
    assert again["unchanged"] >= 2
    assert (again["changed"], again["refused"], again["created"]) == (0, 0, 0)
    assert organizations == counts(unchanged=organizations["unchanged"])
    assert changed == counts(changed=1)
    assert "'@home" in sheets.export("organizations")
    exported = sheets.export("users")
    assert "long enough" not in exported
    assert f"{login},Ann,,ann@example.test,no,no,{name},," in exported


def test_a_command_says_one_way(sheets: Sheets, tmp_path: Path) -> None:
    both = sheets.run("csv", "users", "--import", "--export", code=64)
    neither = sheets.run("csv", "users", code=64)
    dry = sheets.run("csv", "users", "--export", "--dry-run", code=64)
    nests = sheets.run("csv", "nests", "--export", code=64)
    of_one = sheets.run("csv", "users", "--export", "--organization", "A", code=64)
    completed = sheets.run("__complete", "csv", "pro").stdout
    absent = str(tmp_path / "absent" / "file")

    assert "say either --export or --import" in both.stderr
    assert "say either --export or --import" in neither.stderr
    assert "--dry-run is for --import" in dry.stderr
    assert (
        "there is no sheet of `nests`; there are: activation-key-overrides, activation-keys, "
        in nests.stderr
    )
    assert "users are not of one organization" in of_one.stderr
    assert completed == "products\t\n"
    assert (
        "cannot be read" in sheets.run("csv", "users", "--import", "--file", absent, code=66).stderr
    )
    assert "cannot be written" in (
        sheets.run("csv", "users", "--export", "--file", absent, code=73).stderr
    )
