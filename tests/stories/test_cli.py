"""The command line as people and scripts use it: a real process against a started server."""

import csv
import io
import json
import os
import pty
import re
import resource
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any, Self

import pytest
import yaml

from support.aviary import HERON_2, HERON_ADVISORY
from support.faulty_upstream import Fault, FaultyUpstream
from support.ports import free_port
from support.server import PASSWORD, Server

HEADGATE = Path(sys.executable).with_name("headgate")
START_AT_MOST = 0.150  # seconds of processor time
GUEST = "long enough for a guest"

Done = subprocess.CompletedProcess[str]
_numbers = count(1)


class Shell:
    """A person at a shell, with a configuration folder of its own."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self.home = home
        self.environment = {
            "PATH": f"{HEADGATE.parent}:/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "HOME": str(home),
            **environment,
        }

    def run(self, *words: str | Path, code: int = 0, **environment: str) -> Done:
        """Run a command, which must end with this exit code."""
        done = subprocess.run(
            [HEADGATE, *words],
            env=self.environment | environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def says(self, *words: str | Path, **environment: str) -> str:
        """Run a command and return its standard output."""
        return self.run(*words, code=0, **environment).stdout

    def json(self, *words: str) -> list[dict[str, Any]]:
        """Run a command and return what it says as JSON."""
        return json.loads(self.says("--output", "json", *words))


@pytest.fixture
def shell(server: Server, tmp_path: Path) -> Shell:
    """Who knows the server, its authority and the password of admin."""
    return Shell(
        tmp_path,
        {
            "HEADGATE_SERVER_URL": server.url,
            "HEADGATE_CA_FILE": str(server.ca),
            "HEADGATE_USERNAME": "admin",
            "HEADGATE_PASSWORD": PASSWORD,
        },
    )


@pytest.fixture
def stranger(tmp_path: Path) -> Shell:
    """Who knows nothing yet."""
    return Shell(tmp_path / "stranger", {})


@pytest.fixture
def organization(shell: Shell) -> str:
    """A fresh organization's name."""
    name = f"Shell {os.getpid()} {next(_numbers)}"
    shell.run("organization", "create", "--name", name)
    return name


@pytest.fixture
def stalled(shell: Shell, organization: str) -> Iterator[Sequence[str]]:
    """What names a repository whose upstream does not answer, to be synced for ever."""
    release = Event()
    with FaultyUpstream() as upstream:
        upstream.always["/repodata/repomd.xml"] = Fault(status=404, held_by=release)
        mine = ["--organization", organization, "--product", "Slow", "--name", "stalled"]
        shell.run("product", "create", *mine[:2], "--name", "Slow")
        shell.run("repository", "create", *mine, "--content-type", "yum", "--url", upstream.url)
        yield mine
        release.set()


def test_the_main_job_by_names_alone(shell: Shell, organization: str, aviary: Path) -> None:
    mine = ["--organization", organization]
    base = [*mine, "--content-view", "Base"]
    repository = [*mine, "--product", "Birds", "--name", "aviary"]

    shell.run("product", "create", *mine, "--name", "Birds")
    url = ["--content-type", "yum", "--url", f"file://{aviary}"]
    shell.run("repository", "create", *repository, *url)
    synced = shell.says("repository", "synchronize", *repository)
    shell.run("lifecycle-environment", "create", *mine, "--name", "Dev", "--prior", "Library")
    shell.run("content-view", "create", *mine, "--name", "Base")
    added = ["--product", "Birds", "--repository", "aviary"]
    shell.run("content-view", "add-repository", *mine, "--name", "Base", *added)
    shell.run("content-view", "publish", *mine, "--name", "Base")
    to_dev = ["--version", "1.0", "--to-lifecycle-environment", "Dev"]
    shell.run("content-view", "version", "promote", *base, *to_dev)

    assert "success" in synced
    [version] = shell.json("content-view", "version", "list", *base, "--fields", "environments")
    assert [each["name"] for each in version["environments"]] == ["Library", "Dev"]
    in_view = shell.json("package", "list", *base, "--content-view-version", "1.0")
    assert len(in_view) == len(shell.json("package", "list", *mine)) > 0
    assert "Library > Dev" in shell.says("lifecycle-environment", "paths", *mine)


def test_a_publish_is_previewed_with_and_without_dependencies(
    shell: Shell, organization: str, aviary: Path
) -> None:
    mine = ["--organization", organization]
    repository = [*mine, "--product", "Birds", "--name", "aviary"]
    view = [*mine, "--name", "Base"]
    shell.run("product", "create", *mine, "--name", "Birds")
    url = ["--content-type", "yum", "--url", f"file://{aviary}"]
    shell.run("repository", "create", *repository, *url)
    shell.run("repository", "synchronize", *repository)
    shell.run("content-view", "create", *view, "--repositories", "aviary")

    plain = json.loads(shell.says("-o", "json", "content-view", "preview", *view))
    asked = ["content-view", "preview", *view, "--dependencies", "yes"]
    whole = json.loads(shell.says("-o", "json", *asked, "--limit", "1"))
    read = shell.run(*asked)
    started = shell.says("--async", *asked)
    shell.run("content-view", "publish", *view, "--plan-digest", whole["plan_digest"])

    assert plain["dependencies"] is None
    assert whole["dependencies"]["packages_checked"] > 0
    assert whole["plan_digest"] == plain["plan_digest"]
    assert all(len(each["items"]) <= 1 for each in whole["content_types"])
    assert "Unresolved" in read.stdout
    assert "Packages checked:" in read.stdout
    assert re.fullmatch(r"Task [0-9a-f-]{36} is running\n", started)
    refused = shell.run(*asked, "--limit", "1001", code=65)
    assert "Limit must be less than or equal to 1000" in refused.stderr


def test_a_repository_leaves_a_view_and_old_versions_are_purged(
    shell: Shell, organization: str
) -> None:
    mine = ["--organization", organization]
    view = [*mine, "--name", "V"]
    shell.run("product", "create", *mine, "--name", "P")
    shell.run("repository", "create", *mine, "--product", "P", "--name", "R", "--content-type=yum")
    shell.run("content-view", "create", *view, "--repositories", "R")
    for _ in range(3):
        shell.run("content-view", "publish", *view)

    shell.run("content-view", "remove-repository", *view, "--product", "P", "--repository", "R")
    shell.run("content-view", "purge", *view, "--count", "1")

    [shown] = [json.loads(shell.says("-o", "json", "content-view", "info", *view))]
    assert shown["repository_ids"] == []
    listed = shell.json("content-view", "version", "list", *mine, "--content-view", "V")
    assert sorted(str(version["version"]) for version in listed) == ["2.0", "3.0"]


def test_one_advisory_comes_to_an_environment_by_names_alone(
    shell: Shell, organization: str, aviary: Path
) -> None:
    mine = ["--organization", organization]
    view = [*mine, "--content-view", "Base"]
    shell.run("product", "create", *mine, "--name", "P")
    url = ["--content-type", "yum", "--url", f"file://{aviary}"]
    shell.run("repository", "create", *mine, "--product", "P", "--name", "R", *url)
    shell.run("repository", "synchronize", *mine, "--product", "P", "--name", "R")
    shell.run("content-view", "create", *mine, "--name", "Base", "--repositories", "R")
    old = ["--type", "rpm", "--inclusion", "no"]
    shell.run("content-view", "filter", "create", *view, "--name", "old", *old)
    rule = ["--content-view-filter", "old", "--name", "heron", "--version", "2.0"]
    shell.run("content-view", "filter", "rule", "create", *view, *rule)
    shell.run("content-view", "publish", *mine, "--name", "Base")
    shell.run("lifecycle-environment", "create", *mine, "--name", "Dev", "--prior", "Library")
    to_dev = ["--version", "1.0", "--to-lifecycle-environment", "Dev"]
    shell.run("content-view", "version", "promote", *view, *to_dev)

    version = [*view, "--content-view-version", "1.0", "--lifecycle-environments", "Dev"]
    update = ["content-view", "version", "incremental-update", *version]
    nothing = shell.run(*update, code=65)
    shell.run(*update, "--errata-ids", HERON_ADVISORY.id, "--description", "The fix")

    assert "Nothing to add" in nothing.stderr
    found = shell.json("content-view", "version", "list", *view)
    assert {each["version"]: each["description"] for each in found}["1.1"] == "The fix"
    in_dev = shell.json("package", "list", *view, "--content-view-version", "1.1")
    assert HERON_2.nvra in {each["nvra"] for each in in_dev}


def test_files_are_uploaded_and_removed(shell: Shell, organization: str, tmp_path: Path) -> None:
    mine = ["--organization", organization, "--product", "P"]
    tree = tmp_path / "tree"
    (tree / "below").mkdir(parents=True)
    (tree / "below" / "large").write_bytes(os.urandom(5 << 20))
    (tree / "small").write_text("small")
    shell.run("product", "create", *mine[:2], "--name", "P")
    shell.run("repository", "create", *mine, "--name", "files", "--content-type", "file")

    shell.run("repository", "upload-content", *mine, "--name", "files", "--path", tree)
    within = [*mine, "--repository", "files"]
    files = {str(each["name"]): each["id"] for each in shell.json("file", "list", *within)}
    ids = str(files["small"])
    shell.run("repository", "remove-content", *mine, "--name", "files", "--ids", ids)

    assert sorted(files) == ["below/large", "small"]
    assert [each["name"] for each in shell.json("file", "list", *within)] == ["below/large"]


def test_results_come_as_table_json_yaml_and_csv(shell: Shell, organization: str) -> None:
    lines = ["organization", "list", "--search", f'name = "{organization}"', "--fields", "name"]

    assert shell.says(*lines) == f"NAME\n{organization}\n"
    assert shell.says(*lines, "--no-headers") == f"{organization}\n"
    assert json.loads(shell.says(*lines, "-o", "json")) == [{"name": organization}]
    assert yaml.safe_load(shell.says(*lines, "-o", "yaml")) == [{"name": organization}]
    as_csv = csv.reader(io.StringIO(shell.says(*lines, "--csv")))
    assert list(as_csv) == [["name"], [organization]]


def test_lists_come_in_pages(shell: Shell, organization: str) -> None:
    mine = ["--organization", organization]
    for name in ("a", "b", "c"):
        shell.run("product", "create", *mine, "--name", name)

    paged = [*mine, "--per-page", "2", "--order", "name DESC", "--fields", "name"]

    assert [each["name"] for each in shell.json("product", "list", *paged)] == ["c", "b"]
    assert [each["name"] for each in shell.json("product", "list", *paged, "--page=2")] == ["a"]
    everything = shell.json("product", "list", *paged, "--full-result")
    assert len(everything) == 3


def test_each_way_to_fail_has_an_exit_code_and_one_message(
    shell: Shell, organization: str, tmp_path: Path
) -> None:
    absent = str(tmp_path / "absent")
    nowhere = f"https://localhost:{free_port()}"
    mine = ["--organization", organization]

    usage = shell.run("organization", "lits", code=64)
    refused = shell.run("organization", "create", "--name", organization, code=65)
    unread = shell.run("repository", "upload-content", "--id=1", "--path", absent, code=66)
    missing = shell.run("product", "info", *mine, "--name", "none", code=67)
    gone = shell.run("product", "info", "--id", "999999", code=67)
    silent = shell.run("organization", "list", code=69, HEADGATE_SERVER_URL=nowhere)
    wrong = shell.run("organization", "list", code=78, HEADGATE_PASSWORD=GUEST)

    assert "did you mean `organization list`?" in usage.stderr
    assert refused.stderr == "Error: Validation failed: Name has already been taken\n"
    assert unread.stderr == f"Error: {absent} is not a file that can be read\n"
    within = f"in organization '{organization}'"
    assert missing.stderr == f"Error: there is no product 'none' {within}\n"
    assert gone.stderr == "Error: Could not find product with id 999999\n"
    assert silent.stderr == f"Error: nothing answers at {nowhere}: is the server running?\n"
    assert wrong.stderr.count("\n") == 1


def test_a_name_that_several_things_have_is_refused(shell: Shell, organization: str) -> None:
    mine = ["--organization", organization]
    for product in ("P", "Q"):
        shell.run("product", "create", *mine, "--name", product)
        named = ["--product", product, "--name", "same", "--content-type", "yum"]
        shell.run("repository", "create", *mine, *named)

    refused = shell.run("repository", "info", *mine, "--name", "same", code=64)

    assert "say which with --product-id or --id" in refused.stderr


def test_a_permission_that_is_missing_has_a_code_of_its_own(
    shell: Shell, organization: str
) -> None:
    login = f"guest{os.getpid()}"
    user = ["--login", login, "--password", GUEST]
    shell.run("user", "create", *user, "--organizations", organization)

    shell.run(
        *["product", "create", "--organization", organization, "--name", "P"],
        code=77,
        HEADGATE_USERNAME=login,
        HEADGATE_PASSWORD=GUEST,
    )


def test_an_upstream_that_is_not_there_fails_the_task_in_words(
    shell: Shell, organization: str
) -> None:
    mine = ["--organization", organization, "--product", "P"]
    url = f"http://127.0.0.1:{free_port()}/"
    shell.run("product", "create", *mine[:2], "--name", "P")
    shell.run("repository", "create", *mine, "--name=r", "--content-type=yum", "--url", url)

    failed = shell.run("repository", "synchronize", *mine, "--name", "r", code=1)

    assert url.rstrip("/") in failed.stderr
    assert failed.stderr.endswith("it cannot be reached (Connection refused)\n")


def test_defaults_stand_in_for_options(shell: Shell, organization: str) -> None:
    default = ["--param-name", "organization_id", "--param-value"]
    [mine] = shell.json("organization", "list", "--search", f'name = "{organization}"')
    shell.run("defaults", "add", *default, str(mine["id"]))

    shell.run("product", "create", "--name", "P")

    assert "organization-id" in shell.says("defaults", "list")
    assert [each["name"] for each in shell.json("product", "list")] == ["P"]
    shell.run("defaults", "delete", "--param-name", "organization_id")
    assert "organization-id" not in shell.says("defaults", "list")


def test_a_login_trusts_one_authority_and_keeps_a_token_until_logout(
    stranger: Shell, server: Server, tmp_path: Path
) -> None:
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")
    who = ["--server-url", server.url, "--username", "admin", "--password-file", secret]

    untrusted = stranger.run("login", *who, code=69)
    fingerprint = re.findall(r"--fingerprint ([0-9a-f]{64})", untrusted.stderr)[0]
    stranger.run("login", *who, "--fingerprint", "0" * 64, code=69)
    stranger.run("login", *who, "--fingerprint", fingerprint)

    kept = stranger.home / ".config" / "headgate" / "logins.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert PASSWORD not in kept.read_text()
    stranger.run("organization", "list")
    token = json.loads(kept.read_text())["logins"][server.url]["token"]
    stranger.run("logout")
    stranger.run("organization", "list", code=78)
    stolen = {"HEADGATE_USERNAME": "admin", "HEADGATE_TOKEN": token}
    where = {"HEADGATE_SERVER_URL": server.url, "HEADGATE_CA_FILE": str(server.ca)}
    stranger.run("organization", "list", code=78, **stolen, **where)


def test_a_second_login_replaces_the_first(stranger: Shell, server: Server) -> None:
    who = ["--server-url", server.url, "--ca-file", str(server.ca), "--username", "admin"]
    name = f"mine {os.getpid()} {next(_numbers)}"
    for number in (1, 2):
        named = ["--token-name", f"{name} {number}"]
        stranger.run("login", *who, *named, HEADGATE_PASSWORD=PASSWORD)

    tokens = stranger.json("user", "access-token", "list", "--user", "admin", "--full-result")
    active = {each["name"] for each in tokens if each["active?"]}
    assert f"{name} 2" in active
    assert f"{name} 1" not in active


def test_the_home_of_a_local_server_names_its_address_and_authority(
    stranger: Shell, server: Server
) -> None:
    local = ["--home", server.home, "--username", "admin"]

    assert stranger.run(*local, "organization", "list", HEADGATE_PASSWORD=PASSWORD).stdout
    assert "Status" in stranger.says("--home", server.home, "ping")


def test_a_task_may_be_left_watched_again_and_cancelled(
    shell: Shell, stalled: Sequence[str]
) -> None:
    task = shell.says("repository", "synchronize", *stalled, "--async", "--quiet").strip()

    running = json.loads(shell.says("-o", "json", "task", "info", "--id", task))
    shell.run("task", "cancel", "--id", task)
    watched = shell.run("task", "progress", "--id", task, code=1)

    assert running["state"] in ("planned", "running")
    assert "cancelled" in watched.stderr


def test_ctrl_c_leaves_the_task_and_says_how_to_stop_it(
    shell: Shell, stalled: Sequence[str]
) -> None:
    with Terminal(shell, "headgate", "repository", "synchronize", *stalled) as shown:
        shown.read_until(lambda text: "│" in text)

        shown.process.send_signal(signal.SIGINT)
        shown.read_until(lambda text: bool(re.search(r"task cancel --id \S{36}", text)))

        assert shown.process.wait(20) == 130
    assert "The task goes on." in shown.text
    task = re.findall(r"task cancel --id (\S{36})", shown.text)[0]
    state = json.loads(shell.says("-o", "json", "task", "info", "--id", task))["state"]
    assert state in ("planned", "running")
    shell.run("task", "cancel", "--id", task)


@pytest.mark.parametrize("words", [["--help"], ["organization", "list"]], ids=" ".join)
def test_a_command_starts_at_once(shell: Shell, words: Sequence[str]) -> None:
    shell.run(*words)  # compiles what nobody has run yet

    fastest = min(processor_seconds(lambda: shell.run(*words)) for _ in range(10))

    assert fastest < START_AT_MOST


def test_a_client_imports_nothing_of_the_server(shell: Shell) -> None:
    program = (
        "import sys; from headgate.cli.main import command; command(['organization', 'list']);"
        "print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr);"
        "print([name for name in sys.modules if name.startswith('headgate')], file=sys.stderr)"
    )

    told = subprocess.run(
        [sys.executable, "-c", program],
        env=shell.environment,
        capture_output=True,
        text=True,
        check=True,
    ).stderr

    heavy = ("sqlalchemy", "starlette", "msgspec", "aiohttp", "click", "yaml", "dataclasses")
    assert [name for name in heavy if f"'{name}'" in told] == []
    ours = set(re.findall(r"'headgate\.(\w+)", told))
    assert ours == {"cli"}


def test_shells_complete_nouns_verbs_options_and_values(shell: Shell) -> None:
    def completed(*words: str) -> list[str]:
        return [line.split("\t")[0] for line in shell.says("__complete", *words).splitlines()]

    assert "organization" in completed("org")
    assert completed("content-view", "ver") == ["version"]
    assert "--organization-label" in completed("product", "list", "--organization-")
    assert completed("repository", "create", "--content-type", "") == ["yum", "file", "docker"]
    assert completed("-o", "") == ["table", "json", "yaml", "csv"]
    assert completed("-o", "json", "prod") == ["product"]
    assert completed("repository", "upload-content", "--path", "") == ["files"]
    assert completed("nonsense", "") == []


def test_bash_completes_with_the_script_it_is_given(shell: Shell) -> None:
    asked = (
        'eval "$(headgate completion bash)"; COMP_WORDS=(headgate organization cr); '
        'COMP_CWORD=2; _headgate; echo "${COMPREPLY[@]}"'
    )

    done = subprocess.run(
        ["bash", "-c", asked], env=shell.environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "create"


def test_bash_completes_a_search_with_what_the_server_offers(
    shell: Shell, organization: str
) -> None:
    for product in ("Herons", 'The "he$ron"', "Bird's"):
        shell.says("product", "create", "--organization", organization, "--name", product)

    def completed(*words: str, **environment: str) -> list[str]:
        line = ["headgate", "product", "list", *words]
        asked = (
            'eval "$(headgate completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1));'
            """ _headgate; printf '%s\\n' "${COMPREPLY[@]}" """
        )
        done = subprocess.run(
            ["bash", "-c", asked, "bash", *line],
            env=shell.environment | environment,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            check=True,
            timeout=20,
        )
        assert done.stderr == ""
        return done.stdout.split("\n")[:-1]

    mine = ("--organization", f"'{organization}'", "--search")
    assert completed(*mine, "'lab") == ["label"]
    assert completed(*mine, "lab") == ["label"]
    assert completed(*mine, "'name = H") == ["name = Herons"]
    assert completed(*mine, "'name = B") == [r"name = Bird'\''s"]
    assert completed(*mine, '"name = T') == [r"name = \"The \\\"he\$ron\\\"\""]
    assert completed(*mine, "'label = Herons and na") == ["label = Herons and name"]
    assert completed("--search", "'nest = ") == [""]
    assert completed("--organization", "absent", "--search", "'name = ") == [""]
    assert completed("--nonsense", "--search", "'name = ") == [""]
    assert completed(*mine, "'name = ", HEADGATE_USERNAME="nobody") == [""]
    with socket.create_server(("localhost", 0)) as silent:
        address = f"http://localhost:{silent.getsockname()[1]}"
        assert completed("--search", "'na", HEADGATE_SERVER_URL=address) == [""]


def test_a_key_that_is_pressed_in_bash_completes_a_search(shell: Shell, organization: str) -> None:
    shell.says("product", "create", "--organization", organization, "--name", "Herons")

    with Terminal(shell, "bash", "--norc", "-i") as terminal:
        terminal.type('eval "$(headgate completion bash)"; echo re""ady\n')
        terminal.read_until(lambda text: "ready" in text)
        terminal.type(
            f"headgate product list --organization '{organization}' --search 'name = He\t"
        )
        terminal.read_until(lambda text: "'name = Herons'" in text)


@pytest.mark.parametrize("name", ["zsh", "fish"])
def test_other_shells_have_a_script_too(shell: Shell, name: str) -> None:
    assert "headgate __complete" in shell.says("completion", name)


def test_the_help_of_everything_names_every_command(shell: Shell) -> None:
    told = shell.says("full-help")

    assert "## headgate content-view version promote" in told
    assert "--to-lifecycle-environment" in told


def test_output_that_nobody_reads_to_the_end_is_no_error(shell: Shell) -> None:
    done = subprocess.run(
        ["bash", "-c", "set -o pipefail; headgate full-help | head -1"],
        env=shell.environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "Traceback" not in done.stderr


class Terminal:
    """A command on a terminal, which reads what it draws."""

    def __init__(self, shell: Shell, *words: str) -> None:
        self._master, slave = pty.openpty()
        self.text = ""
        self.process = subprocess.Popen(
            words, env=shell.environment, stdin=slave, stdout=slave, stderr=slave
        )
        os.close(slave)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def read_until(self, ready: Callable[[str], bool]) -> None:
        """Read until what was drawn says so; fail when the command ends before."""
        until = time.monotonic() + 30
        while not ready(self.text):
            assert time.monotonic() < until, self.text
            self.text += os.read(self._master, 4096).decode(errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Put the terminal away, and whoever still sits at it."""
        self.process.kill()
        self.process.wait()
        os.close(self._master)


def processor_seconds(run: Callable[[], object]) -> float:
    """Return the processor time of the processes that a function starts: load does not count."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
